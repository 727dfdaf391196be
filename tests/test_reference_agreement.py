# SPDX-License-Identifier: Apache-2.0
"""How the distance between a device and the oracle is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reference_cases import Array, bf16

from aclnn_moe.reference import Agreement, CombineOutput, bf16_units


def output(x: list[float], rstd: float = 1.0, y: list[float] | None = None) -> CombineOutput:
    return CombineOutput(
        y=bf16(y or [1.0])[None, None],
        rstd_out=np.full((1, 1, 1), rstd, np.float32),
        x=bf16(x)[None, None],
    )


@pytest.mark.parametrize(
    ("left", "right", "units"),
    [
        (1.0, 1.0, 0),
        (1.0, 1 + 2.0**-7, 1),
        (1.0, 1 - 2.0**-8, 1),
        (-1.0, -1 - 2.0**-7, 1),
        (2.0, 1.0, 128),
        (0.0, -0.0, 0),
        (2.0**-133, -(2.0**-133), 2),
        (np.inf, np.finfo(np.float32).max, 0),  # rounds to infinity
        (np.nan, np.nan, 0),
        (np.nan, 1.0, 1 << 16),
    ],
)
def test_bf16_units_count_values_between(left: float, right: float, units: int) -> None:
    with np.errstate(over="ignore"):
        assert bf16_units(bf16([left]), bf16([right])).tolist() == [units]


def test_bf16_units_refuse_other_dtypes() -> None:
    with pytest.raises(TypeError, match="want bfloat16, got float32"):
        bf16_units(bf16([1]), np.ones(1, np.float32))


def test_agreement_counts_x_bit_for_bit() -> None:
    want = output([1.0, 0.0, np.nan])
    assert Agreement.of(want, want) == Agreement(0, 0.0, 0)
    assert Agreement.of(output([1.0, -0.0, np.nan]), want).x_differing == 1
    assert not Agreement.of(output([1.0, 0.0, 1.0]), want).ok


@pytest.mark.parametrize(("rstd", "ok"), [(1 + 9e-7, True), (1 + 2e-6, False), (np.nan, False)])
def test_agreement_allows_rstd_1e_6_relative(rstd: float, ok: bool) -> None:
    got = Agreement.of(output([1.0], rstd), output([1.0]))
    assert got.ok is ok
    assert np.isclose(got.rstd_error, rstd - 1, rtol=0.1) or not np.isfinite(rstd)


def test_agreement_takes_infinite_rstd_on_both_sides_as_equal() -> None:
    assert Agreement.of(output([1.0], np.inf), output([1.0], np.inf)).ok


@pytest.mark.parametrize(("y", "ok"), [(1 + 2.0**-7, True), (1 + 2.0**-6, False)])
def test_agreement_allows_y_one_unit(y: float, ok: bool) -> None:
    assert Agreement.of(output([1.0], y=[y]), output([1.0])).ok is ok


@pytest.mark.parametrize("spoiled", [bf16([1.0]), np.ones((1, 1, 1), np.float32)])
def test_agreement_refuses_other_shapes_and_dtypes(spoiled: Array) -> None:
    want = output([1.0])
    with pytest.raises(ValueError, match="x: want bfloat16"):
        Agreement.of(replace(want, x=spoiled), want)
