# SPDX-License-Identifier: Apache-2.0
"""Copies between host and device, and between devices.

With a timeline a copy is queued on its stream, and both sides are kept alive until it is done;
without one it starts when no queued work uses the arrays, and is done when the call returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aclnn_moe import _ffi
from aclnn_moe.runtime import on_device

if TYPE_CHECKING:
    from aclnn_moe.array import DeviceArray
    from aclnn_moe.timeline import Timeline


def copy_to_device(array: DeviceArray, source: npt.NDArray[Any], line: Timeline | None) -> None:
    """Copy numpy data into a contiguous array; without ``line``, when nothing uses it any more."""
    source = np.ascontiguousarray(source)
    address = _ffi.ffi.cast("void*", source.ctypes.data)
    _copy(array.data_ptr, address, array.nbytes, _ffi.lib.ACL_MEMCPY_HOST_TO_DEVICE, (array,), line)
    if line is not None:
        line.retain((source,))


def copy_to_host(target: npt.NDArray[Any], array: DeviceArray, line: Timeline | None) -> None:
    """Copy as many bytes as ``target`` has, from the array's first element on."""
    address = int(target.ctypes.data)
    _copy(
        address, array.data_ptr, target.nbytes, _ffi.lib.ACL_MEMCPY_DEVICE_TO_HOST, (array,), line
    )
    if line is not None:
        line.retain((target,))


def copy_on_device(target: DeviceArray, source: DeviceArray, line: Timeline | None) -> None:
    """Copy a contiguous array to another; they may be on different devices."""
    _copy(
        target.data_ptr,
        source.data_ptr,
        target.nbytes,
        _ffi.lib.ACL_MEMCPY_DEVICE_TO_DEVICE,
        (target, source),
        line,
    )


def _copy(
    target: Any,  # noqa: ANN401 - an address, as int or pointer
    source: Any,  # noqa: ANN401
    nbytes: int,
    kind: int,
    arrays: tuple[DeviceArray, ...],
    line: Timeline | None,
) -> None:
    pointers = _ffi.ffi.cast("void*", target), nbytes, _ffi.ffi.cast("void*", source), nbytes, kind
    if line is None:
        for array in arrays:
            array.buffer.wait()
    with on_device(arrays[0].layout.device):
        if line is None:
            _ffi.check(_ffi.lib.aclrtMemcpy(*pointers), "aclrtMemcpy")
        else:
            _ffi.check(_ffi.lib.aclrtMemcpyAsync(*pointers, line.cdata), "aclrtMemcpyAsync")
            mark = line.mark()
            for array in arrays:
                array.buffer.uses[line] = mark
