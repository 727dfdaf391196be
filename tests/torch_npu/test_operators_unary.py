# SPDX-License-Identifier: Apache-2.0
"""Functions of one tensor: of every layout, at the edges, in place and into out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparing import FLOATING, INTEGERS, ULP, assert_same, edges, layouts, name_of, values

# Exact: what IEEE rounds correctly, or what takes no rounding at all.
EXACT = {
    "abs": torch.abs,
    "neg": torch.neg,
    "sign": torch.sign,
    "sgn": torch.sgn,
    "ceil": torch.ceil,
    "floor": torch.floor,
    "round": torch.round,
    "trunc": torch.trunc,
    "frac": torch.frac,
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "isnan": torch.isnan,
    "isinf": torch.isinf,
    "isfinite": torch.isfinite,
    "signbit": torch.signbit,
    "logical_not": torch.logical_not,
    "nan_to_num": torch.nan_to_num,
}
# Within a few units in the last place, on (low, high).
ROUNDED: dict[str, tuple[Callable[..., Any], float, float]] = {
    # torch's comes from a vector library that is one unit off at times.
    "sqrt": (torch.sqrt, 0.01, 9),
    "rsqrt": (torch.rsqrt, 0.01, 9),
    "exp": (torch.exp, -4, 4),
    "exp2": (torch.exp2, -4, 4),
    "expm1": (torch.expm1, -4, 4),
    "log": (torch.log, 0.01, 9),
    "log2": (torch.log2, 0.01, 9),
    "log10": (torch.log10, 0.01, 9),
    "log1p": (torch.log1p, -0.9, 9),
    "sin": (torch.sin, -4, 4),
    "cos": (torch.cos, -4, 4),
    "tan": (torch.tan, -1.5, 1.5),
    "asin": (torch.asin, -1, 1),
    "acos": (torch.acos, -1, 1),
    "atan": (torch.atan, -4, 4),
    "sinh": (torch.sinh, -4, 4),
    "cosh": (torch.cosh, -4, 4),
    "tanh": (torch.tanh, -4, 4),
    "asinh": (torch.asinh, -4, 4),
    "acosh": (torch.acosh, 1, 9),
    "atanh": (torch.atanh, -0.9, 0.9),
    "erf": (torch.erf, -4, 4),
    "erfc": (torch.erfc, -2, 2),
    "erfinv": (torch.erfinv, -1, 1),
    "sinc": (torch.sinc, -4, 4),
    "sigmoid": (torch.sigmoid, -4, 4),
}
IN_PLACE = ["abs", "neg", "ceil", "floor", "round", "trunc", "frac", "square", "reciprocal"]
IN_PLACE += [name for name in ROUNDED]

floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)


@floating
@pytest.mark.parametrize("name", EXACT)
def test_exact_function_gives_the_bits_of_torch(name: str, dtype: torch.dtype) -> None:
    for tensor in [*layouts(dtype).values(), edges(dtype)]:
        assert_same(EXACT[name], tensor)


@floating
@pytest.mark.parametrize("name", ROUNDED)
def test_rounded_function_is_within_units_in_the_last_place(name: str, dtype: torch.dtype) -> None:
    function, low, high = ROUNDED[name]
    for tensor in [*layouts(dtype, low, high).values(), edges(dtype)]:
        assert_same(function, tensor, rtol=ULP[dtype], atol=ULP[dtype] / 4)


@floating
@pytest.mark.parametrize("name", IN_PLACE)
def test_function_in_place_writes_its_elements_and_no_others(name: str, dtype: torch.dtype) -> None:
    low, high = ROUNDED[name][1:] if name in ROUNDED else (0.1, 4)
    whole = values(dtype, (4, 6), low, high)
    assert_same(
        lambda tensor: getattr(tensor, name + "_")(),
        whole[1:3, ::2],
        writes=True,
        rtol=ULP[dtype] if name in ROUNDED else 0,
        atol=ULP[dtype] / 4 if name in ROUNDED else 0,
    )


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool], ids=name_of)
@pytest.mark.parametrize("name", ["reciprocal", *ROUNDED])
def test_whole_numbers_are_computed_as_float32(name: str, dtype: torch.dtype) -> None:
    function = ROUNDED[name][0] if name in ROUNDED else EXACT[name]
    assert_same(function, values(dtype, (4, 5), 0, 4), rtol=2.0**-21, atol=2.0**-23)


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
@pytest.mark.parametrize(
    "name", ["abs", "neg", "sign", "ceil", "floor", "round", "trunc", "isnan", "isfinite"]
)
def test_function_of_integers_is_exact(name: str, dtype: torch.dtype) -> None:
    for tensor in (values(dtype, (7, 3), -100, 100), edges(dtype)):
        assert_same(EXACT[name], tensor)


@pytest.mark.parametrize("decimals", [2, 0, -1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=name_of)
def test_round_to_decimals(dtype: torch.dtype, decimals: int) -> None:
    assert_same(torch.round, values(dtype, (50,), -100, 100), decimals=decimals)
    assert_same(
        lambda tensor: tensor.round_(decimals=decimals),
        values(dtype, (50,), -100, 100),
        writes=True,
    )


@floating
def test_nan_to_num_takes_its_three_numbers(dtype: torch.dtype) -> None:
    assert_same(lambda x: torch.nan_to_num(x, 1.5, 2.5, -3.5), edges(dtype))
    assert_same(lambda x: x.nan_to_num_(1.5, 2.5, -3.5), edges(dtype), writes=True)


@floating
def test_logit_cuts_at_eps(dtype: torch.dtype) -> None:
    tensor = values(dtype, (60,), 0.05, 0.95)
    assert_same(torch.logit, tensor, rtol=ULP[dtype], atol=ULP[dtype])
    assert_same(torch.logit, tensor, eps=0.25, rtol=ULP[dtype], atol=ULP[dtype])


def test_out_takes_the_result_in_its_own_layout() -> None:
    def run(tensor: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        return torch.reciprocal(tensor, out=out)

    assert_same(run, values(torch.float32, (3, 4), 1, 4), torch.zeros(4, 3).t(), writes=True)
