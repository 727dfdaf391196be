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
from typing import Any

import numpy as np

from aclnn_moe import _ffi
from aclnn_moe.array import DeviceArray, from_pointer
from aclnn_moe.dtypes import dtype_of_dlpack

_CPU = 1
_NPU = (12, 21)

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
    installation = _ffi.load()
    return (_CPU, 0) if installation.kind == "host" else (_NPU[0], array.layout.device)


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
    if dl_device is not None and tuple(dl_device) != device_of(array):
        raise BufferError(f"dl_device is {dl_device}: this array can be had on {device_of(array)}")
    if copy:
        raise BufferError("copy=True: a device array is copied by .numpy()")
    del stream, max_version  # The wait below is enough for every stream, and 0.x for every version.
    array.buffer.wait()
    ndim = array.ndim
    shape = _ffi.ffi.new("int64_t[]", list(array.shape) or 1)
    strides = _ffi.ffi.new("int64_t[]", list(array.strides) or 1)
    tensor = _ffi.ffi.new("DLTensor*")
    tensor.data = _ffi.ffi.cast("void*", array.data_ptr)
    tensor.device.device_type, tensor.device.device_id = device_of(array)
    tensor.ndim = ndim
    tensor.dtype.code, tensor.dtype.bits = array.layout.dtype.dlpack
    tensor.dtype.lanes = 1
    tensor.shape = shape
    tensor.strides = strides
    managed = _ffi.lib.aclnn_moe_dlpack_export(tensor, id(array))
    if managed == _ffi.ffi.NULL:
        raise MemoryError("no memory for a DLPack tensor")
    return _new_capsule(
        int(_ffi.ffi.cast("uintptr_t", managed)),
        _NAME,
        _ffi.lib.aclnn_moe_dlpack_capsule_destructor(),
    )


def take(source: Any) -> DeviceArray | np.ndarray[Any, np.dtype[Any]]:  # noqa: ANN401
    """Return another library's tensor: NPU memory as a device array, CPU memory as numpy's.

    Nothing is copied; the tensor is kept alive by what is returned.

    Raises
    ------
    BufferError
        It is neither on an NPU nor on the CPU.
    TypeError
        Its dtype is not in the table.
    """
    capsule = source.__dlpack__()
    pointer = _capsule_pointer(capsule, _NAME)
    managed = _ffi.ffi.cast("DLManagedTensor*", pointer)
    _rename_capsule(capsule, _USED_NAME)
    owned = _ffi.ffi.gc(managed, _ffi.lib.aclnn_moe_dlpack_delete)
    tensor = owned.dl_tensor
    dtype = dtype_of_dlpack(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes)
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    strides = None
    if tensor.strides != _ffi.ffi.NULL:
        strides = tuple(tensor.strides[i] for i in range(tensor.ndim))
    address = int(_ffi.ffi.cast("uintptr_t", tensor.data)) + tensor.byte_offset
    kind = tensor.device.device_type
    if kind in _NPU:
        return from_pointer(
            address, shape, dtype, tensor.device.device_id, strides=strides, owner=owned
        )
    if kind != _CPU:
        raise BufferError(f"DLPack device type {kind}: want CPU (1) or an NPU (12, 21)")
    span = 1
    for position, extent in enumerate(shape):
        step = strides[position] if strides is not None else 0
        if step < 0:
            raise BufferError(f"strides are {strides}: want 0 or more")
        span += (extent - 1) * step
    count = int(np.prod(shape, dtype=np.int64))
    if not count:
        return np.empty(shape, dtype.numpy)
    nbytes = (span if strides is not None else count) * dtype.itemsize
    flat = np.frombuffer(_KeptBuffer.over(address, nbytes, owned), dtype=np.uint8)
    elements = flat.view(dtype.numpy)
    if strides is None:
        return elements.reshape(shape)
    return np.lib.stride_tricks.as_strided(
        elements, shape, tuple(s * dtype.itemsize for s in strides), writeable=False
    )


class _KeptBuffer:
    """Bytes at an address, which keep their owner alive as long as anything looks at them."""

    @staticmethod
    def over(address: int, nbytes: int, owner: object) -> Any:  # noqa: ANN401 - a buffer
        array = (ctypes.c_uint8 * nbytes).from_address(address)
        array._owner = owner  # type: ignore[attr-defined]
        return array
