# SPDX-License-Identifier: Apache-2.0
"""DLPack in and out.

Device types. On the host device, device memory is ordinary CPU memory, and is handed out as kDLCPU
(1), so that numpy and torch take it without a copy. On an NPU it is handed out as kDLExtDev (12),
which is what torch_npu reads; kDLAscend (21) is understood as well when it comes in.

Synchronisation. A consumer of CPU memory reads it at once, so handing out waits for the work that
is queued on the array; this is not an operator, where nothing waits.
"""

from __future__ import annotations

import ctypes
import math
import struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from aclnn_moe import _ffi
from aclnn_moe.array import DeviceArray, from_pointer
from aclnn_moe.array_library import resolved
from aclnn_moe.dtypes import DType, dtype_of, dtype_of_dlpack
from aclnn_moe.layout import contiguous_strides

CPU = 1
_NPU = (12, 21)

# DLTensor: data, device type and number, ndim, dtype (code, bits, lanes), shape, strides, offset.
_TENSOR = struct.Struct("@PiiiBBHPPQ")

_NAME = b"dltensor"
_USED_NAME = b"used_dltensor"

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
_rename_capsule = ctypes.pythonapi.PyCapsule_SetName
_rename_capsule.restype = ctypes.c_int
_rename_capsule.argtypes = (ctypes.py_object, ctypes.c_char_p)


def device_of(array: DeviceArray) -> tuple[int, int]:
    """Return DLPack's device of an array, as (type, number)."""
    return (CPU, 0) if device_is_cpu() else (_NPU[0], array.layout.device)


def device_is_cpu() -> bool:
    """Tell whether device memory is memory of the CPU, so that both can use it in place."""
    return bool(_ffi.load().kind == "host")


def export(
    array: DeviceArray,
    *,
    stream: Any = None,  # noqa: ANN401 - the protocol's arguments
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:  # noqa: ANN401 - a capsule
    """Return a capsule over the array's memory; waits for the work queued on it.

    Raises
    ------
    BufferError
        Another device, or a copy, was asked for.
    """
    device = device_of(array)
    if dl_device is not None and tuple(dl_device) != device:
        raise BufferError(f"dl_device is {dl_device}: this array can be had on {device}")
    if copy:
        raise BufferError("copy=True: a device array is copied by .numpy()")
    del stream, max_version  # The wait below is enough for every stream, and 0.x for every version.
    array.buffer.wait()
    return _capsule(
        array.data_ptr, device, array.layout.dtype, array.shape, array.strides, owner=array
    )


class HostExport:
    """A contiguous numpy array for another library's ``from_dlpack``; of any dtype of the table.

    numpy's own ``__dlpack__`` has no bf16.
    """

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return (CPU, 0)

    def __dlpack__(self, **options: Any) -> Any:  # noqa: ANN401 - a capsule
        del options  # Memory of the CPU in the protocol's first version, which everybody takes.
        array = self._array
        address = int(array.__array_interface__["data"][0])
        strides = contiguous_strides(array.shape)
        return _capsule(address, (CPU, 0), dtype_of(array.dtype), array.shape, strides, owner=array)


def _capsule(
    address: int,
    device: tuple[int, int],
    dtype: DType,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    owner: object,
) -> Any:  # noqa: ANN401 - a capsule
    ffi = _ffi.ffi
    extents = ffi.new("int64_t[]", [*shape, *strides] or 1)
    tensor = ffi.new("DLTensor*")
    tensor.data = ffi.cast("void*", address)
    tensor.device.device_type, tensor.device.device_id = device
    tensor.ndim = len(shape)
    tensor.dtype.code, tensor.dtype.bits = dtype.dlpack
    tensor.dtype.lanes = 1
    tensor.shape = extents
    tensor.strides = extents + len(shape)
    managed = _ffi.lib.aclnn_moe_dlpack_export(tensor, id(owner))
    if managed == ffi.NULL:
        raise MemoryError("no memory for a DLPack tensor")
    return _new_capsule(
        int(ffi.cast("uintptr_t", managed)),
        _NAME,
        _ffi.lib.aclnn_moe_dlpack_capsule_destructor(),
    )


class Tensor(NamedTuple):
    """What another library hands out: where its elements are, and what keeps them there."""

    device: tuple[int, int]  # DLPack's type, and number
    address: int
    dtype: DType
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in elements
    owner: Any


def read(source: Any) -> Tensor:  # noqa: ANN401
    """Take another library's tensor, wherever it is.

    Raises
    ------
    BufferError
        Its library does not hand it out, or it has strides below 0.
    TypeError
        Its dtype is not in the table.
    ValueError
        It has no memory.
    """
    ffi = _ffi.ffi
    capsule = resolved(source).__dlpack__()
    managed = ffi.cast("DLManagedTensor*", _capsule_pointer(capsule, _NAME))
    _rename_capsule(capsule, _USED_NAME)
    owner = ffi.gc(managed, _ffi.lib.aclnn_moe_dlpack_delete)
    # All fields at once: one by one they would take longer than everything else here.
    data, kind, number, ndim, code, bits, lanes, dims, steps, offset = _TENSOR.unpack(
        ffi.buffer(managed, _TENSOR.size)
    )
    dtype = dtype_of_dlpack(code, bits, lanes)
    shape = tuple(ffi.unpack(ffi.cast("int64_t*", dims), ndim)) if ndim else ()
    if not data and math.prod(shape):
        raise ValueError("the array has no memory (a fake tensor?): want one with values")
    strides = contiguous_strides(shape)
    if steps and ndim:
        strides = tuple(ffi.unpack(ffi.cast("int64_t*", steps), ndim))
        if min(strides) < 0:
            raise BufferError(f"strides are {strides}: want 0 or more")
    return Tensor((kind, number), data + offset, dtype, shape, strides, owner)


def take(source: Any) -> DeviceArray | npt.NDArray[Any]:  # noqa: ANN401
    """Return another library's tensor: NPU memory as a device array, CPU memory as numpy's.

    Nothing is copied; the tensor is kept alive by what is returned.

    Raises
    ------
    BufferError
        It is neither on an NPU nor on the CPU, or its library does not hand it out.
    TypeError
        Its dtype is not in the table.
    """
    (kind, number), address, dtype, shape, strides, owner = tensor = read(source)
    if kind in _NPU:
        return from_pointer(address, shape, dtype, number, strides=strides, owner=owner)
    if kind != CPU:
        raise BufferError(f"DLPack device type {kind}: want CPU (1) or an NPU (12, 21)")
    return as_numpy(tensor)


def as_numpy(tensor: Tensor) -> npt.NDArray[Any]:
    """Return a numpy array over a tensor in CPU memory, which keeps the tensor's owner alive."""
    dtype, shape = tensor.dtype, tensor.shape
    if not math.prod(shape):
        return np.empty(shape, dtype.numpy)
    contiguous = tensor.strides == contiguous_strides(shape)
    interface = {
        "version": 3,
        # As bytes: the interface has no name for bf16.
        "typestr": f"|V{dtype.itemsize}",
        "data": (tensor.address, not contiguous),
        "shape": shape,
        "strides": None if contiguous else tuple(s * dtype.itemsize for s in tensor.strides),
    }
    return np.asarray(_Kept(interface, tensor.owner)).view(dtype.numpy)


class _Kept:
    """What numpy makes an array of, and keeps as long as anything looks at it."""

    def __init__(self, interface: dict[str, Any], owner: object) -> None:
        self.__array_interface__ = interface
        self._owner = owner
