# SPDX-License-Identifier: Apache-2.0
"""How far a device's result is from the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aclnn_moe.reference.rounding import BF16, Array
from aclnn_moe.reference.tensors import CombineOutput

# The order in which the squares are summed is open; in float32 it moves rstd by less than this.
RSTD_TOLERANCE = 1e-6
# rstd's last bit can move bf16(acc * rstd), or the second rounding, over to the neighbour.
Y_TOLERANCE = 1


def bf16_units(left: Array, right: Array) -> Array:
    """Count the bfloat16 values between two arrays, element by element; int64.

    Two NaN are 0 apart whatever their bits, NaN and a number further than any two numbers. +0 and
    -0 are 0 apart.
    """
    for array in (left, right):
        if array.dtype != BF16:
            raise TypeError(f"want bfloat16, got {array.dtype}")
    steps: Array = np.abs(_ladder(left) - _ladder(right))
    nan_left, nan_right = np.isnan(left), np.isnan(right)
    steps[nan_left & nan_right] = 0
    steps[nan_left ^ nan_right] = 1 << 16
    return steps


def _ladder(values: Array) -> Array:
    """Map bfloat16 to integers in the same order, neighbours to neighbours."""
    bits = np.ascontiguousarray(values).view(np.int16).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFF), bits)


@dataclass(frozen=True)
class Agreement:
    """A device's combine against the reference, for one rank.

    Attributes
    ----------
    x_differing : int
        Elements of x that are not equal bit for bit (two NaN are equal).
    rstd_error : float
        Largest relative error of rstd_out.
    y_error : int
        Largest distance of y, in bfloat16 units in the last place.
    """

    x_differing: int
    rstd_error: float
    y_error: int

    @classmethod
    def of(cls, got: CombineOutput, want: CombineOutput) -> Agreement:
        """Compare; anything with arrays y, rstd_out and x does for `got`."""
        for name in ("y", "rstd_out", "x"):
            one, other = getattr(got, name), getattr(want, name)
            if one.shape != other.shape or one.dtype != other.dtype:
                raise ValueError(
                    f"{name}: want {other.dtype} {other.shape}, got {one.dtype} {one.shape}"
                )
        same_bits = got.x.view(np.uint16) == want.x.view(np.uint16)
        both_nan = np.isnan(got.x) & np.isnan(want.x)
        return cls(
            x_differing=int((~(same_bits | both_nan)).sum()),
            rstd_error=_largest_relative(got.rstd_out, want.rstd_out),
            y_error=int(bf16_units(got.y, want.y).max()),
        )

    @property
    def ok(self) -> bool:
        """Tell whether the device keeps what the specification promises."""
        return (
            self.x_differing == 0
            and self.rstd_error <= RSTD_TOLERANCE
            and self.y_error <= Y_TOLERANCE
        )


def _largest_relative(got: Array, want: Array) -> float:
    exact, near = want.astype(np.float64), got.astype(np.float64)
    same = (exact == near) | (np.isnan(exact) & np.isnan(near))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(same, 0.0, np.abs(near - exact) / np.abs(exact))
    # Infinite or NaN on one side only.
    return float(np.nan_to_num(error, nan=np.inf).max())
