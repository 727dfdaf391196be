# SPDX-License-Identifier: Apache-2.0
"""Element types: one table for numpy, CANN, HCCL and DLPack."""

from __future__ import annotations

from typing import Any, NamedTuple

import ml_dtypes
import numpy as np


class DType(NamedTuple):
    """One element type under each of its names."""

    name: str
    numpy: np.dtype[Any]
    acl: int  # aclDataType
    hccl: int | None  # HcclDataType, where HCCL has it
    dlpack: tuple[int, int]  # DLDataTypeCode, bits
    itemsize: int

    def __repr__(self) -> str:
        return self.name


def _dtype(kind: Any, acl: int, hccl: int | None, code: int) -> DType:  # noqa: ANN401
    numpy = np.dtype(kind)
    return DType(numpy.name, numpy, acl, hccl, (code, numpy.itemsize * 8), numpy.itemsize)


# DLPack's codes: 0 int, 1 unsigned, 2 float, 4 bfloat, 6 bool.
float32 = _dtype(np.float32, 0, 4, 2)
float16 = _dtype(np.float16, 1, 3, 2)
int8 = _dtype(np.int8, 2, 0, 0)
int32 = _dtype(np.int32, 3, 2, 0)
uint8 = _dtype(np.uint8, 4, 7, 1)
int16 = _dtype(np.int16, 6, 1, 0)
uint16 = _dtype(np.uint16, 7, 8, 1)
uint32 = _dtype(np.uint32, 8, 9, 1)
int64 = _dtype(np.int64, 9, 5, 0)
uint64 = _dtype(np.uint64, 10, 6, 1)
float64 = _dtype(np.float64, 11, 10, 2)
bool_ = _dtype(np.bool_, 12, None, 6)
bfloat16 = _dtype(ml_dtypes.bfloat16, 27, 11, 4)

DTYPES = (
    float32,
    float16,
    int8,
    int32,
    uint8,
    int16,
    uint16,
    uint32,
    int64,
    uint64,
    float64,
    bool_,
    bfloat16,
)

_BY_NUMPY = {dtype.numpy: dtype for dtype in DTYPES}
_BY_NAME = {dtype.name: dtype for dtype in DTYPES}
_BY_DLPACK = {dtype.dlpack: dtype for dtype in DTYPES}


def dtype_of(kind: Any) -> DType:  # noqa: ANN401 - whatever np.dtype takes
    """Return the table's entry for a DType, a name such as 'bfloat16', or what np.dtype takes.

    Raises
    ------
    TypeError
        The table has no such type.
    """
    if isinstance(kind, DType):
        return kind
    if isinstance(kind, str) and kind in _BY_NAME:
        return _BY_NAME[kind]
    try:
        return _BY_NUMPY[np.dtype(kind)]
    except (KeyError, TypeError):
        names = ", ".join(dtype.name for dtype in DTYPES)
        raise TypeError(f"dtype is {kind!r}: want one of {names}") from None


def dtype_of_dlpack(code: int, bits: int, lanes: int) -> DType:
    """Return the table's entry for DLPack's triple.

    Raises
    ------
    TypeError
        The table has no such type.
    """
    found = _BY_DLPACK.get((code, bits))
    if found is None or lanes != 1:
        raise TypeError(f"DLPack dtype (code {code}, {bits} bits, {lanes} lanes) is not supported")
    return found
