# SPDX-License-Identifier: Apache-2.0
"""Between bfloat16 and float32."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

BF16 = np.dtype(ml_dtypes.bfloat16)


def to_bf16(values: Float32) -> Array:
    """Round float32 to bfloat16, to nearest with ties to even."""
    if values.dtype != np.float32:
        # From float64 the conversion would round twice.
        raise TypeError(f"values: want float32, got {values.dtype}")
    # A value beyond the range of bfloat16 becomes infinite, as on the device.
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(BF16)


def to_f32(values: Array) -> Float32:
    """Widen bfloat16 (or float16, int8) to float32; exact."""
    if values.dtype == BF16:
        bits = np.ascontiguousarray(values).view(np.uint16).astype(np.uint32)
        return np.left_shift(bits, 16, out=bits).view(np.float32)
    return values.astype(np.float32)
