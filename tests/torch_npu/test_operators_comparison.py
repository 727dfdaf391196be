# SPDX-License-Identifier: Apache-2.0
"""Comparisons, logic of truth values and bits, and elements chosen by a condition."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparing import DTYPES, FLOATING, INTEGERS, assert_same, edges, layouts, name_of, values

COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
WHOLE = (*INTEGERS, torch.bool)

every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
whole = pytest.mark.parametrize("dtype", WHOLE, ids=name_of)
integers = pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)


@every_dtype
@pytest.mark.parametrize("name", COMPARISONS)
def test_comparison_of_tensors(name: str, dtype: torch.dtype) -> None:
    function = getattr(torch, name)
    for tensor in layouts(dtype, -2, 2).values():
        assert_same(function, tensor, tensor.flip(-1) if tensor.dim() else tensor)
    assert_same(function, edges(dtype)[:, None], edges(dtype))
    assert_same(
        getattr(torch.Tensor, name + "_"), values(dtype), values(dtype, seed=1), writes=True
    )


@every_dtype
@pytest.mark.parametrize("number", [0, 1, 0.1, -2, float("inf"), float("nan"), True])
@pytest.mark.parametrize("name", COMPARISONS)
def test_comparison_with_a_number(name: str, number: float, dtype: torch.dtype) -> None:
    tensor = values(dtype, (30,), -3, 3)
    tensor[:2] = torch.tensor([0.1, 1]).to(dtype)
    assert_same(lambda x: getattr(operator, name)(x, number), tensor)
    if dtype.is_floating_point or not isinstance(number, float):
        assert_same(lambda x: getattr(x, name + "_")(number), tensor, writes=True)


@every_dtype
def test_equal_looks_at_every_element(dtype: torch.dtype) -> None:
    tensor = values(dtype, (300, 200))
    other = tensor.clone()
    other[299, 199] = 1 if tensor[299, 199] == 0 else 0
    assert_same(torch.equal, tensor, tensor.clone())
    assert_same(torch.equal, tensor, other)
    assert_same(torch.equal, tensor.t(), tensor.t().contiguous())
    assert_same(torch.equal, tensor[:0], tensor[:0])
    assert_same(torch.equal, tensor, tensor[0])


def test_equal_takes_zeros_as_one_and_nan_as_none() -> None:
    assert_same(torch.equal, torch.tensor([0.0]), torch.tensor([-0.0]))
    assert_same(torch.equal, torch.tensor([float("nan")]), torch.tensor([float("nan")]))


@floating
def test_isclose_and_allclose(dtype: torch.dtype) -> None:
    tensor = edges(dtype)
    assert_same(torch.isclose, tensor[:, None], tensor)
    assert_same(torch.isclose, tensor[:, None], tensor, equal_nan=True)
    assert_same(torch.isclose, values(dtype), values(dtype) * 1.5, rtol=0.5)
    assert_same(torch.allclose, values(dtype), values(dtype) * 1.5)
    assert_same(torch.allclose, values(dtype), values(dtype))
    assert_same(torch.isclose, torch.arange(5), torch.arange(5) + 1, atol=1, rtol=0)


@floating
@pytest.mark.parametrize("name", ["isposinf", "isneginf"])
def test_isinf_of_one_sign(name: str, dtype: torch.dtype) -> None:
    assert_same(getattr(torch, name), edges(dtype))


@pytest.mark.parametrize("left", DTYPES, ids=name_of)
@pytest.mark.parametrize("right", [torch.bool, torch.float32, torch.int8], ids=name_of)
@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic_takes_every_dtype(name: str, left: torch.dtype, right: torch.dtype) -> None:
    assert_same(
        getattr(torch, name), values(left, (30,), -1, 2), values(right, (30,), -1, 2, seed=1)
    )


@every_dtype
@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor", "logical_not"])
def test_logic_in_place(name: str, dtype: torch.dtype) -> None:
    others = [] if name == "logical_not" else [values(dtype, (30,), -1, 2, seed=1)]
    assert_same(
        getattr(torch.Tensor, name + "_"), values(dtype, (30,), -1, 2), *others, writes=True
    )


@whole
@pytest.mark.parametrize("name", ["and_", "or_", "xor"])
def test_bits_of_tensors_and_of_numbers(name: str, dtype: torch.dtype) -> None:
    function = getattr(operator, name)
    assert_same(function, values(dtype, (40,), -99, 99), values(dtype, (40,), -99, 99, seed=1))
    assert_same(lambda x: function(x, True), values(dtype, (40,), -99, 99))
    assert_same(function, edges(dtype)[:, None], edges(dtype))
    in_place = getattr(operator, "i" + name.removesuffix("_"))
    assert_same(in_place, values(dtype, (40,)), values(dtype, (40,), seed=1), writes=True)
    assert_same(lambda x: in_place(x, True), values(dtype, (40,)), writes=True)


@whole
def test_bitwise_not(dtype: torch.dtype) -> None:
    assert_same(operator.invert, values(dtype, (40,)))
    assert_same(operator.invert, edges(dtype))
    assert_same(lambda x: x.bitwise_not_(), values(dtype, (40,)), writes=True)


@integers
@pytest.mark.parametrize("name", ["lshift", "rshift"])
def test_shifts(name: str, dtype: torch.dtype) -> None:
    function = getattr(operator, name)
    numbers = values(dtype, (60,), -99, 99)
    bits = torch.arange(60).remainder(torch.iinfo(dtype).bits).to(dtype)
    assert_same(function, numbers, bits)
    assert_same(lambda x: function(x, 3), numbers)
    assert_same(lambda x: getattr(operator, "i" + name)(x, 3), numbers.clone(), writes=True)


@every_dtype
def test_where(dtype: torch.dtype) -> None:
    condition = values(torch.bool, (6, 8, 10))
    for tensor in layouts(dtype).values():
        assert_same(
            torch.where, values(torch.bool, tensor.shape), tensor, values(dtype, tensor.shape)
        )
    assert_same(torch.where, condition, values(dtype, (6, 8, 10)), values(dtype, (10,), seed=1))
    assert_same(lambda c, x: torch.where(c, x, 2), condition[0, 0], values(dtype, (10,)))
    assert_same(lambda c, x: torch.where(c, 0.5, x), condition[0, 0], values(dtype, (10,)))
    assert_same(torch.where, condition[0, 0], values(dtype, (10,)), values(torch.float32, (10,)))


def test_where_and_masked_fill_keep_every_bit_of_int64() -> None:
    big = torch.tensor([2**62 + 1, -(2**62) - 1])
    assert_same(torch.where, torch.tensor([True, False]), big, big.flip(0))
    assert_same(lambda x, m: x.masked_fill(m, 7), big, torch.tensor([False, True]))


@every_dtype
def test_masked_fill(dtype: torch.dtype) -> None:
    mask = values(torch.bool, (8, 10))
    for name in ("contiguous", "transposed"):
        tensor = layouts(dtype)[name]
        assert_same(
            lambda x, m: x.masked_fill(m, 1), tensor, mask[:, :6] if name == "transposed" else mask
        )
    assert_same(
        lambda x, m: x.masked_fill_(m, 1),
        values(dtype, (6, 5)).t()[:, ::2],
        mask[:5, :3],
        writes=True,
    )
    assert_same(
        lambda x, m, v: x.masked_fill(m, v), values(dtype, (8, 10)), mask, values(dtype, ())
    )
    assert_same(lambda x, m: x.masked_fill(m, True), values(dtype, (8, 10)), mask[:1])


@floating
def test_masked_fill_with_minus_infinity(dtype: torch.dtype) -> None:
    mask = values(torch.bool, (8, 10))
    assert_same(lambda x, m: x.masked_fill(m, float("-inf")), values(dtype, (8, 10)), mask)


Ask = Callable[[torch.Tensor], Any]


@pytest.mark.parametrize(
    "ask",
    [
        torch.Tensor.tolist,
        lambda x: x[0, 0].item(),
        lambda x: bool(x[0, 0] == x[0, 0]),
        lambda x: float(x[0, 0]),
        lambda x: int(x[0, 0]),
        lambda x: x.view(-1).cpu()[1:].tolist(),
    ],
)
@every_dtype
def test_values_reach_python(ask: Ask, dtype: torch.dtype) -> None:
    assert_same(ask, values(dtype))
