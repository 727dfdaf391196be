# SPDX-License-Identifier: Apache-2.0
"""Arithmetic of two tensors, of a tensor and a number, and of three."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparing import (
    DTYPES,
    FLOATING,
    INTEGERS,
    NUMBERS,
    ULP,
    assert_same,
    edges,
    layouts,
    name_of,
    values,
)

Function = Callable[..., Any]

EXACT: dict[str, Function] = {
    "add": torch.add,
    # torch fuses product and sum; a power of two makes the product exact.
    "add_alpha": lambda a, b: torch.add(a, b, alpha=4),
    "sub": torch.sub,
    "sub_alpha": lambda a, b: torch.sub(a, b, alpha=2),
    "rsub": torch.rsub,
    "mul": torch.mul,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}
DIVISIONS: dict[str, Function] = {
    "div": torch.div,
    "div_trunc": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "div_floor": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "floor_divide": torch.floor_divide,
    "remainder": torch.remainder,
    "fmod": torch.fmod,
}
IN_PLACE: dict[str, Function] = {
    "add": lambda a, b: a.add_(b, alpha=2),
    "sub": lambda a, b: a.sub_(b),
    "mul": lambda a, b: a.mul_(b),
    "remainder": lambda a, b: a.remainder_(b),
    "fmod": lambda a, b: a.fmod_(b),
    "floor_divide": lambda a, b: a.floor_divide_(b),
    "div_floor": lambda a, b: a.div_(b, rounding_mode="floor"),
    "div_trunc": lambda a, b: a.div_(b, rounding_mode="trunc"),
}
floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
numbers = pytest.mark.parametrize("dtype", NUMBERS, ids=name_of)


def positive(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.dtype == torch.bool else tensor.abs() + 1


@numbers
@pytest.mark.parametrize("name", EXACT)
def test_arithmetic_is_exact_in_every_layout(name: str, dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        assert_same(EXACT[name], tensor, tensor.flip(-1) if tensor.dim() else tensor)


@numbers
@pytest.mark.parametrize("name", DIVISIONS)
def test_division_in_every_layout(name: str, dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        assert_same(DIVISIONS[name], tensor, positive(tensor))
        if dtype != torch.uint8:
            assert_same(DIVISIONS[name], tensor, -positive(tensor))


@floating
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "div_trunc"])
def test_every_pair_of_edges(name: str, dtype: torch.dtype) -> None:
    numbers = edges(dtype)
    assert_same({**EXACT, **DIVISIONS}[name], numbers[:, None], numbers)


@floating
@pytest.mark.parametrize("name", ["maximum", "minimum", "div_floor", "remainder", "fmod"])
def test_every_pair_of_edges_but_for_the_sign_of_zero(name: str, dtype: torch.dtype) -> None:
    numbers = edges(dtype)
    if name in ("remainder", "fmod"):
        # torch's vector code gives NaN where the quotient overflows.
        numbers = numbers[numbers.isinf() | numbers.isnan() | (numbers.abs() < 4)]
        numbers = numbers[(numbers == 0) | (numbers.abs() > 0.1)]
    function = {**EXACT, **DIVISIONS}[name]
    assert_same(lambda a, b: function(a, b) + 0.0, numbers[:, None], numbers)


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
@pytest.mark.parametrize("name", EXACT)
def test_integers_wrap(name: str, dtype: torch.dtype) -> None:
    numbers = edges(dtype)
    assert_same(EXACT[name], numbers[:, None], numbers)


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
@pytest.mark.parametrize("function", [torch.floor_divide, torch.remainder, torch.fmod])
def test_an_integer_divided_by_zero_is_zero(function: Function, dtype: torch.dtype) -> None:
    tensor = values(dtype, (3,), 1, 9).npu()
    assert function(tensor, torch.zeros_like(tensor)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
@pytest.mark.parametrize("number", [2, 2.5, -3, True])
@pytest.mark.parametrize("name", ["add", "mul", "truediv", "eq", "lt"])
def test_a_python_number_beside_a_tensor(name: str, number: float, dtype: torch.dtype) -> None:
    function = getattr(operator, name)
    assert_same(lambda tensor: function(tensor, number), values(dtype))
    assert_same(lambda tensor: function(number, tensor), positive(values(dtype)))


@numbers
@pytest.mark.parametrize("number", [2, 2.5, -3])
@pytest.mark.parametrize("name", ["sub", "floordiv", "mod"])
def test_the_rest_of_pythons_arithmetic(name: str, number: float, dtype: torch.dtype) -> None:
    function = getattr(operator, name)
    assert_same(lambda tensor: function(tensor, number), values(dtype))
    if name != "floordiv" or dtype.is_floating_point or isinstance(number, int):
        assert_same(lambda tensor: function(number, tensor), positive(values(dtype)))


@pytest.mark.parametrize("left", DTYPES, ids=name_of)
@pytest.mark.parametrize("right", DTYPES, ids=name_of)
@pytest.mark.parametrize("function", [torch.add, torch.mul, torch.eq, torch.maximum])
def test_two_dtypes_are_promoted_as_torch_does(
    function: Function, left: torch.dtype, right: torch.dtype
) -> None:
    assert_same(function, values(left), values(right, seed=1))


@pytest.mark.parametrize(
    ("left", "right"),
    [((3, 1), (1, 5)), ((5,), (2, 3, 5)), ((), (3,)), ((0, 3), (3,)), ((1,), (0,))],
)
@pytest.mark.parametrize("function", [torch.add, torch.div, torch.pow, torch.atan2, torch.lt])
def test_shapes_broadcast(
    function: Function, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    assert_same(
        function,
        values(torch.float32, left, 0.5, 2),
        values(torch.float32, right, 0.5, 2, seed=1),
        rtol=2.0**-21,
    )


@numbers
@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_writes_its_elements_and_no_others(name: str, dtype: torch.dtype) -> None:
    whole = values(dtype, (4, 6))
    assert_same(IN_PLACE[name], whole[1:3, ::2], positive(values(dtype, (2, 3))), writes=True)
    assert_same(lambda tensor: IN_PLACE[name](tensor, 3), values(dtype, (6, 4)).t(), writes=True)


@floating
@pytest.mark.parametrize("exponent", [2, 0.5, -1, -0.5, 3, 0, 1.7, -2])
def test_power_by_a_number(exponent: float, dtype: torch.dtype) -> None:
    ends = edges(dtype)
    if abs(exponent) == 0.5:
        # torch takes the square root of float32, and pow of float16, which differ at -0 and -inf.
        ends = ends[~ends.signbit()]
    for tensor in (values(dtype, (40,), 0.1, 4), ends):
        assert_same(lambda x: x**exponent, tensor, rtol=4 * ULP[dtype])
    assert_same(
        lambda x: x.pow_(exponent), values(dtype, (40,), 0.1, 4), writes=True, rtol=ULP[dtype]
    )


@floating
def test_power_of_tensors_and_of_a_number(dtype: torch.dtype) -> None:
    base, exponent = values(dtype, (40,), 0.1, 4), values(dtype, (40,), -3, 3, seed=1)
    assert_same(torch.pow, base, exponent, rtol=2 * ULP[dtype])
    assert_same(lambda x, y: x.pow_(y), base.clone(), exponent, writes=True, rtol=2 * ULP[dtype])
    assert_same(lambda y: 2.5**y, exponent, rtol=2 * ULP[dtype])
    assert_same(lambda y: 2**y, exponent, rtol=2 * ULP[dtype])


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
def test_power_of_integers_wraps(dtype: torch.dtype) -> None:
    base, exponent = values(dtype, (40,), -9, 9), values(dtype, (40,), 0, 9, seed=1)
    assert_same(torch.pow, base, exponent)
    assert_same(lambda x: x**3, base)
    assert_same(lambda y: 3**y, exponent)


@floating
@pytest.mark.parametrize("function", [torch.atan2, torch.logaddexp, torch.logaddexp2])
def test_functions_of_two_tensors(function: Function, dtype: torch.dtype) -> None:
    tensor = values(dtype, (60,))
    assert_same(function, tensor, tensor.flip(0), rtol=ULP[dtype], atol=ULP[dtype])
    ends = edges(dtype)
    assert_same(function, ends[:, None], ends, rtol=ULP[dtype], atol=ULP[dtype])


@floating
@pytest.mark.parametrize("function", [torch.hypot, torch.fmax, torch.fmin])
def test_functions_that_torch_npu_leaves_to_the_cpu(function: Function, dtype: torch.dtype) -> None:
    tensor = values(dtype, (60,))
    assert_same(function, tensor, tensor.flip(0))


@numbers
def test_clamp_by_numbers_and_by_tensors(dtype: torch.dtype) -> None:
    tensor = values(dtype, (40,), -9, 9)
    low, high = values(dtype, (40,), 0, 3), values(dtype, (40,), 3, 6)
    bounds: list[dict[str, Any]] = [
        {"min": 1},
        {"max": 2},
        {"min": 1, "max": 3},
        {"min": 3, "max": 1},
    ]
    for bound in bounds:
        assert_same(lambda x, bound=bound: x.clamp(**bound), tensor)
        assert_same(lambda x, bound=bound: x.clamp_(**bound), tensor.clone(), writes=True)
    assert_same(torch.clamp_min, tensor, 1)
    assert_same(torch.clamp_max, tensor, 1)
    assert_same(lambda x, a: x.clamp(min=a), tensor, low)
    assert_same(lambda x, a: x.clamp(max=a), tensor, high)
    assert_same(lambda x, a, b: x.clamp(a, b), tensor, low, high)
    assert_same(lambda x, a, b: x.clamp_(a, b), tensor.clone(), low, high, writes=True)


@floating
def test_clamp_keeps_nan(dtype: torch.dtype) -> None:
    assert_same(lambda x: x.clamp(-1, 1), edges(dtype))
    assert_same(lambda x: x.clamp(float("nan"), 1), edges(dtype))


@floating
def test_products_and_quotients_added(dtype: torch.dtype) -> None:
    a, b, c = (values(dtype, (5, 4), 0.5, 4, seed=seed) for seed in range(3))
    tolerance = {"rtol": ULP[dtype], "atol": ULP[dtype]}
    for name in ("addcmul", "addcdiv"):
        assert_same(lambda *x, name=name: getattr(torch, name)(*x, value=0.5), a, b, c, **tolerance)
        assert_same(
            lambda x, *y, name=name: getattr(x, name + "_")(*y), a.clone(), b, c[:, :1], **tolerance
        )


@floating
def test_lerp_by_a_number_and_by_a_tensor(dtype: torch.dtype) -> None:
    a, b, weight = (values(dtype, (5, 4), 0, 1, seed=seed) for seed in range(3))
    tolerance = {"rtol": ULP[dtype], "atol": ULP[dtype]}
    assert_same(torch.lerp, a, b, 0.25, **tolerance)
    assert_same(torch.lerp, a, b, 0.75, **tolerance)
    assert_same(torch.lerp, a, b, weight, **tolerance)
    assert_same(lambda x, y: x.lerp_(y, 0.75), a.clone(), b, writes=True, **tolerance)


@floating
def test_xlogy(dtype: torch.dtype) -> None:
    tensor = torch.cat([values(dtype, (20,), 0.1, 4), torch.zeros(2, dtype=dtype)])
    assert_same(torch.xlogy, tensor.flip(0), tensor, rtol=ULP[dtype])
    assert_same(torch.xlogy, tensor, 2.5, rtol=ULP[dtype])
    assert_same(torch.xlogy, 2.5, tensor, rtol=ULP[dtype])


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"broadcast|must match"):
        torch.ones(2, 3).npu() + torch.ones(2).npu()
