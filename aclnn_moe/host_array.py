# SPDX-License-Identifier: Apache-2.0
"""Arrays in CPU memory, whichever library made them, and results as that library's arrays.

An array comes in as numpy's, or through ``__dlpack__``, or through ``__array_interface__``. Results
go out through the ``from_dlpack`` of the library. No library but numpy is imported here: the one
that made an array is loaded already.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from aclnn_moe import dlpack
from aclnn_moe.array_library import described, library_of, refuse_gradients
from aclnn_moe.dlpack import Tensor
from aclnn_moe.dtypes import dtype_of
from aclnn_moe.layout import MOST_DIMS

# What XLA asks of memory that it is to take without a copy.
_ALIGNMENT = 64


def is_host_array(value: object) -> bool:
    """Tell whether ``value`` can be read as an array, unless its library refuses later."""
    return isinstance(value, np.ndarray) or any(
        hasattr(value, name) for name in ("__dlpack__", "__array_interface__")
    )


def read(name: str, value: Any) -> Tensor:  # noqa: ANN401
    """Return where the elements of an argument are, in CPU memory; copies only what it must.

    Copied are arrays that no descriptor expresses: with strides below 0, or elements that are not
    aligned.

    Raises
    ------
    TypeError
        A dtype that devices do not have.
    ValueError
        More dimensions than descriptors have; a tensor that requires gradients, or has no memory.
    BufferError
        The array is not in CPU memory, or its library does not hand it out.
    """
    refuse_gradients(name, value)
    try:
        tensor = _of_numpy(value) if isinstance(value, np.ndarray) else _of_library(value)
    except (TypeError, ValueError, BufferError) as error:
        raise type(error)(f"{name}: {error}") from error
    if len(tensor.shape) > MOST_DIMS:
        raise ValueError(f"{name} has {len(tensor.shape)} dimensions: want at most {MOST_DIMS}")
    return tensor


def _of_numpy(array: npt.NDArray[Any]) -> Tensor:
    dtype = dtype_of(array.dtype)
    address = int(array.__array_interface__["data"][0])
    strides = []
    for step in array.strides:
        if step < 0 or step % dtype.itemsize:
            return _of_numpy(array.copy(order="C"))
        strides.append(step // dtype.itemsize)
    if address % dtype.itemsize:
        return _of_numpy(array.copy(order="C"))
    return Tensor((dlpack.CPU, 0), address, dtype, array.shape, tuple(strides), array)


def _of_library(value: Any) -> Tensor:  # noqa: ANN401
    if not hasattr(value, "__dlpack__"):
        return _of_numpy(np.asarray(value))
    tensor = dlpack.read(value)
    if tensor.device[0] != dlpack.CPU:
        raise BufferError(f"the array is on DLPack device {tensor.device}: want CPU memory (1)")
    if tensor.address % tensor.dtype.itemsize:
        return _of_numpy(dlpack.as_numpy(tensor))
    return tensor


def writable(name: str, value: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    """Return numpy's view of a contiguous array that results are to be written to.

    Raises
    ------
    TypeError
        It is not an array that can be written to.
    ValueError
        It is not contiguous.
    """
    # What cannot be changed, such as a JAX array, has no addition in place.
    if not is_host_array(value) or not hasattr(value, "__iadd__"):
        raise TypeError(f"out: {name} is {described(value)}: want a writeable array or None")
    if isinstance(value, np.ndarray):
        view = value
    else:
        view = dlpack.as_numpy(read(f"out: {name}", value))
    if not (view.flags.c_contiguous and view.flags.writeable):
        raise ValueError(f"out: {name} is not contiguous and writeable")
    return view


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return a new array, not initialised, that any library takes without a copy."""
    nbytes = math.prod(shape) * dtype.itemsize
    room = np.empty(nbytes + _ALIGNMENT, np.uint8)
    start = -int(room.__array_interface__["data"][0]) % _ALIGNMENT
    return room[start : start + nbytes].view(dtype).reshape(shape)


def results_like(value: object) -> Callable[[npt.NDArray[Any]], Any]:
    """Return how a result becomes an array of the library of ``value``: numpy's by default."""
    if isinstance(value, np.ndarray):
        return lambda array: array
    library = library_of(value)
    if library is None:
        return lambda array: array
    from_dlpack = library.from_dlpack
    return lambda array: from_dlpack(dlpack.HostExport(array))
