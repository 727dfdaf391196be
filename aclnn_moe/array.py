# SPDX-License-Identifier: Apache-2.0
"""Arrays in device memory: made from numpy and from DLPack, viewed, and copied back."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from aclnn_moe import layout, memory, transfers
from aclnn_moe.dtypes import DType, dtype_of
from aclnn_moe.runtime import Device, as_device
from aclnn_moe.stream import Stream, timeline_for
from aclnn_moe.timeline import Timeline

Shape = int | tuple[int, ...] | list[int]


class DeviceArray:
    """An n-dimensional array in device memory; made by :func:`empty` and :func:`asarray`.

    Indexing with ints, slices (steps of 1 or more), ``...`` and ``None``, :meth:`transpose` and
    :meth:`reshape` give views of the same memory, without a copy.
    """

    __slots__ = ("__weakref__", "buffer", "layout", "offset")

    # numpy must not take a device array for a sequence.
    __array_ufunc__ = None

    def __init__(self, buffer: memory.Buffer, offset: int, layout: layout.Layout) -> None:
        self.buffer = buffer
        self.offset = offset  # bytes from the buffer's first
        self.layout = layout

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents."""
        return self.layout.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """Strides in elements (as in torch and DLPack; numpy's are bytes)."""
        return self.layout.strides

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numpy's dtype; bf16 is ``ml_dtypes.bfloat16``."""
        return self.layout.dtype.numpy

    @property
    def device(self) -> Device:
        """The device whose memory it is."""
        return Device(self.layout.device)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.layout.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.layout.size

    @property
    def nbytes(self) -> int:
        """Bytes of the elements, without what strides skip."""
        return self.layout.nbytes

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie one after the other."""
        return self.layout.contiguous

    @property
    def data_ptr(self) -> int:
        """Device address of the first element."""
        if self.buffer.address is None:
            raise ValueError("the array's buffer is closed")
        return int(self.buffer.address + self.offset)

    def __getitem__(self, key: Any) -> DeviceArray:  # noqa: ANN401 - as numpy's
        elements, view = layout.index(self.layout, key)
        return DeviceArray(self.buffer, self.offset + elements * view.dtype.itemsize, view)

    def __len__(self) -> int:
        if not self.layout.shape:
            raise TypeError("an array without dimensions has no length")
        return self.layout.shape[0]

    def transpose(self, *axes: int) -> DeviceArray:
        """Return a view with the axes in another order; reversed by default."""
        order = tuple(axes) or tuple(reversed(range(self.ndim)))
        if sorted(a % self.ndim if self.ndim else a for a in order) != list(range(self.ndim)):
            raise ValueError(f"axes are {order}: want every axis of {self.ndim} once")
        shape = tuple(self.layout.shape[a] for a in order)
        strides = tuple(self.layout.strides[a] for a in order)
        view = layout.layout_of(self.layout.dtype, shape, strides, self.layout.device)
        return DeviceArray(self.buffer, self.offset, view)

    @property
    def T(self) -> DeviceArray:
        """The array with its axes reversed."""
        return self.transpose()

    def reshape(self, *shape: Any) -> DeviceArray:  # noqa: ANN401 - ints or one tuple
        """Return a view in another shape (one extent may be -1); the array must be contiguous."""
        extents = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        view = layout.reshape(self.layout, tuple(operator.index(n) for n in extents))
        return DeviceArray(self.buffer, self.offset, view)

    def numpy(self, *, stream: Stream | int | None = None) -> npt.NDArray[Any]:
        """Copy the array to the host; waits for the work that is queued on its memory.

        Parameters
        ----------
        stream
            The stream to copy on, which is then waited for. By default the array waits for every
            stream that uses its memory.

        Raises
        ------
        AclError
            The copy, or work before it, failed.
        """
        span = np.empty(self.layout.span, dtype=self.dtype)
        if span.size:
            line = None if stream is None else timeline_for(stream, self.layout.device)
            transfers.copy_to_host(span, self, line)
            if line is not None:
                line.synchronize()
        if self.layout.contiguous:
            return span.reshape(self.shape)
        itemsize = self.layout.dtype.itemsize
        view = np.lib.stride_tricks.as_strided(
            span, self.shape, tuple(s * itemsize for s in self.layout.strides)
        )
        return np.ascontiguousarray(view)

    def copy_from(self, source: Any, *, stream: Stream | int | None = None) -> None:  # noqa: ANN401
        """Overwrite the array with ``source``, of the same shape and dtype.

        Parameters
        ----------
        source
            A numpy array or a device array.
        stream
            Copy asynchronously on this stream; ``source`` must not be changed until that is done.
            By default the call waits for the work queued on both arrays, copies, and returns when
            it is done.

        Raises
        ------
        TypeError, ValueError
            dtypes or shapes differ, or an array in device memory is not contiguous.
        """
        line = None if stream is None else timeline_for(stream, self.layout.device)
        if not isinstance(source, DeviceArray):
            source = np.asarray(source)
        if source.dtype != self.dtype:
            raise TypeError(f"source is {source.dtype}: want {self.dtype}")
        if tuple(source.shape) != self.shape:
            raise ValueError(f"source has shape {tuple(source.shape)}: want {self.shape}")
        for name, array in (("the destination", self), ("source", source)):
            if isinstance(array, DeviceArray) and not array.layout.contiguous:
                raise ValueError(f"{name} has strides {array.strides}: want a contiguous array")
        if not self.size:
            return
        if isinstance(source, DeviceArray):
            transfers.copy_on_device(self, source, line)
        else:
            transfers.copy_to_device(self, source, line)

    @property
    def __array_interface__(self) -> Any:  # noqa: ANN401 - never returns
        raise AttributeError("a device array is copied to the host by .numpy()")

    def __dlpack_device__(self) -> tuple[int, int]:
        from aclnn_moe import dlpack

        return dlpack.device_of(self)

    def __dlpack__(self, **options: Any) -> Any:  # noqa: ANN401 - a capsule
        from aclnn_moe import dlpack

        return dlpack.export(self, **options)

    def __repr__(self) -> str:
        closed = ", closed" if self.buffer.address is None else ""
        return f"<DeviceArray {self.layout!r}{closed}>"


def empty(
    shape: Shape,
    dtype: Any = np.float32,  # noqa: ANN401 - whatever np.dtype takes
    device: Device | int | None = None,
) -> DeviceArray:
    """Return an array that is not initialised.

    Parameters
    ----------
    shape
        Extents, at most 8.
    dtype
        A name such as 'bfloat16' or a numpy dtype.
    device
        A Device or its number; the calling thread's by default.
    """
    return new_array(_shape(shape), dtype_of(dtype), as_device(device).id)


def new_array(
    shape: tuple[int, ...], dtype: DType, device: int, line: Timeline | None = None
) -> DeviceArray:
    """Return an array that is not initialised, to be used first on ``line``."""
    view = layout.layout_of(dtype, shape, None, device)
    return DeviceArray(memory.pool_of(device).allocate(view.nbytes, line), 0, view)


def asarray(
    x: Any,  # noqa: ANN401 - numpy, DLPack, a sequence
    device: Device | int | None = None,
    *,
    dtype: Any = None,  # noqa: ANN401
    stream: Stream | int | None = None,
) -> DeviceArray:
    """Return ``x`` as an array on a device.

    Parameters
    ----------
    x
        A device array (returned as it is), an NPU tensor of torch_npu or another object with
        ``__dlpack__`` in the memory of an NPU (taken as it is), or an array in CPU memory, from
        numpy, by ``__dlpack__`` or what numpy makes one of (copied).
    device
        A Device or its number; for data from the host the calling thread's by default.
    dtype
        Convert on the host first; by default the dtype stays.
    stream
        Copy asynchronously on this stream; ``x`` must not be changed until that is done. By
        default the copy is done when the call returns.

    Raises
    ------
    TypeError
        A dtype that devices do not have.
    ValueError
        ``x`` lives on another device, or would have to change its dtype there; or it requires
        gradients.
    """
    if isinstance(x, DeviceArray):
        return _check_place(x, device, dtype)
    if hasattr(x, "__dlpack__") and not isinstance(x, np.ndarray):
        from aclnn_moe import dlpack, npu_tensors
        from aclnn_moe.array_library import refuse_gradients

        if npu_tensors.is_npu_tensor(x):
            return _check_place(npu_tensors.as_array(x, stream), device, dtype)
        refuse_gradients("x", x)
        x = dlpack.take(x)
        if isinstance(x, DeviceArray):
            return _check_place(x, device, dtype)
    host = np.asarray(x) if dtype is None else np.asarray(x, dtype=dtype_of(dtype).numpy)
    target = as_device(device)
    line = None if stream is None else timeline_for(stream, target.id)
    _shape(host.shape)
    array = new_array(host.shape, dtype_of(host.dtype), target.id, line)
    if array.size:
        transfers.copy_to_device(array, host, line)
    return array


def from_pointer(
    data_ptr: int,
    shape: Shape,
    dtype: Any,  # noqa: ANN401
    device: Device | int | None = None,
    *,
    strides: tuple[int, ...] | None = None,
    owner: object = None,
) -> DeviceArray:
    """Return an array over memory that somebody else allocated.

    Parameters
    ----------
    data_ptr
        Device address of the first element.
    shape
        Extents.
    dtype
        A name such as 'bfloat16' or a numpy dtype.
    device
        A Device or its number; the calling thread's by default.
    strides
        In elements, 0 or more; contiguous by default.
    owner
        Kept alive as long as the array, its views, or queued work on them.
    """
    extents = _shape(shape)
    if strides is not None and (len(strides) != len(extents) or any(s < 0 for s in strides)):
        raise ValueError(f"strides are {strides}: want {len(extents)} of 0 or more")
    target = as_device(device)
    view = layout.layout_of(
        dtype_of(dtype), extents, None if strides is None else tuple(strides), target.id
    )
    if data_ptr <= 0 and view.size:
        raise ValueError(f"data_ptr is {data_ptr}: want a device address")
    nbytes = view.span * view.dtype.itemsize
    return DeviceArray(memory.borrow(data_ptr, nbytes, target, owner), 0, view)


def _check_place(
    array: DeviceArray,
    device: Device | int | None,
    dtype: Any,  # noqa: ANN401
) -> DeviceArray:
    if device is not None and as_device(device).id != array.layout.device:
        raise ValueError(
            f"the array is on device {array.layout.device}: want device {as_device(device).id}; "
            "copy it with empty(...).copy_from(array)"
        )
    if dtype is not None and dtype_of(dtype) != array.layout.dtype:
        raise ValueError(
            f"the array is {array.dtype}: want {dtype_of(dtype).name}; convert it on the host"
        )
    return array


def _shape(shape: Shape) -> tuple[int, ...]:
    extents = (shape,) if isinstance(shape, int) else tuple(operator.index(n) for n in shape)
    if any(n < 0 for n in extents):
        raise ValueError(f"shape is {extents}: want extents of 0 or more")
    if len(extents) > layout.MOST_DIMS:
        raise ValueError(f"shape has {len(extents)} dimensions: want at most {layout.MOST_DIMS}")
    return extents
