# SPDX-License-Identifier: Apache-2.0
"""What combine must hold against the reference, by the kernel that the host device runs.

The Ascend C kernel computes in float32 throughout, as the vector cores do: its rstd may differ from
the reference's in the last place, which moves a product of y that is almost halfway between two
bfloat16 numbers, and the second rounding can make two units of that. Where the sum of squares
leaves float32, rstd and y mean nothing there.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from aclnn_moe.reference import Agreement, CombineOutput

KERNEL_VARIABLE = "ACLNN_MOE_HOST_KERNEL"
ASCEND_C = "ascend910_93"
ASCEND_C_Y_TOLERANCE = 2
# rstd of rows whose squares and their sum stay normal float32 numbers.
LEAST_RSTD, MOST_RSTD = 1e-17, 1e17


def check_agreement(got: Any, want: CombineOutput, who: str) -> None:
    """Compare; raises AssertionError that names `who`."""
    if os.environ.get(KERNEL_VARIABLE) != ASCEND_C:
        agreement = Agreement.of(got, want)
        assert agreement.ok, f"{who}: {agreement}"
        return
    rstd = want.rstd_out.reshape(-1)
    with np.errstate(invalid="ignore"):
        outside = ~np.isnan(rstd) & ~((rstd >= LEAST_RSTD) & (rstd <= MOST_RSTD))
    agreement = Agreement.of(_without(got, want, outside), want)
    assert agreement.x_differing == 0, f"{who}: {agreement}"
    assert agreement.y_error <= ASCEND_C_Y_TOLERANCE, f"{who}: {agreement}"
    assert replace(agreement, y_error=0).ok, f"{who}: {agreement}"


def _without(got: Any, want: CombineOutput, rows: npt.NDArray[np.bool_]) -> CombineOutput:
    """Give `got` with rstd and y of `rows` as `want` has them."""
    y, rstd_out = got.y.copy(), got.rstd_out.copy()
    y[rows], rstd_out[rows] = want.y[rows], want.rstd_out[rows]
    return CombineOutput(y=y, rstd_out=rstd_out, x=got.x)
