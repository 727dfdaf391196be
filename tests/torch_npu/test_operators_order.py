# SPDX-License-Identifier: Apache-2.0
"""Sorting and searching, different elements, counting."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from comparing import (
    DTYPES,
    FLOATING,
    INTEGERS,
    NUMBERS,
    assert_same,
    edges,
    layouts,
    name_of,
    values,
)

floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
integers = pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
numbers = pytest.mark.parametrize("dtype", NUMBERS, ids=name_of)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)

# torch_npu refuses to sort float64 with `stable` given.
SORTED = tuple(dtype for dtype in DTYPES if dtype != torch.float64)


def cubes(dtype: torch.dtype) -> list[torch.Tensor]:
    return [tensor for tensor in layouts(dtype).values() if tensor.dim() == 3]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", SORTED, ids=name_of)
def test_stable_sort(dtype: torch.dtype, descending: bool) -> None:
    def function(x: torch.Tensor, dim: int) -> tuple[torch.Tensor, ...]:
        return tuple(torch.sort(x, dim=dim, stable=True, descending=descending))

    for tensor in layouts(dtype).values():
        assert_same(function, tensor, -1)
    for tensor in cubes(dtype):
        assert_same(function, tensor, 0)
        assert_same(function, tensor, 1)
    # Equal keys that are many, and NaN and zeros of both signs.
    assert_same(function, edges(dtype).repeat(3), 0)
    assert_same(
        lambda x: torch.argsort(x, dim=0, descending=descending, stable=True),
        edges(dtype).repeat(3),
    )


@dtypes
def test_sort_and_argsort_of_all_dtypes(dtype: torch.dtype) -> None:
    tensor = values(dtype, (4, 33))
    order = torch.sort(tensor.npu(), dim=1)
    assert torch.equal(order.values.cpu(), torch.sort(tensor, dim=1).values)
    assert torch.equal(tensor.gather(1, order.indices.cpu()), order.values.cpu())
    places = torch.argsort(tensor.npu(), dim=1, descending=True).cpu()
    assert torch.equal(tensor.gather(1, places), torch.sort(tensor, dim=1, descending=True).values)


def test_sort_in_place() -> None:
    tensor = values(torch.float32, (5, 40)).npu()
    want = torch.sort(tensor.cpu(), 1).values
    torch.sort(tensor, dim=1, out=(tensor, torch.empty(5, 40, dtype=torch.int64, device="npu")))
    assert torch.equal(tensor.cpu(), want)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("k", [0, 1, 3, 8])
@numbers
def test_topk(dtype: torch.dtype, k: int, largest: bool) -> None:
    for tensor, dim in [
        (values(dtype, (5, 8)), 1),
        (values(dtype, (8, 5)), 0),
        (values(dtype, (9, 8)).t(), 0),
    ]:
        got = torch.topk(tensor.npu(), k, dim, largest=largest)
        want = torch.topk(tensor, k, dim, largest=largest)
        assert torch.equal(got.values.cpu(), want.values)
        assert got.indices.shape == want.indices.shape
        assert torch.equal(tensor.gather(dim, got.indices.cpu()), want.values)


def test_topk_of_equal_elements_takes_the_first() -> None:
    places = torch.topk(torch.ones(3, 16, device="npu"), 4).indices
    assert places.tolist() == [[0, 1, 2, 3]] * 3


@floating
def test_topk_takes_nan_for_the_largest(dtype: torch.dtype) -> None:
    assert_same(
        lambda x: torch.topk(x, 3).values,
        torch.tensor([1, math.nan, math.inf, -math.inf, 0], dtype=dtype),
    )


@numbers
def test_kthvalue(dtype: torch.dtype) -> None:
    tensor = torch.randperm(35).reshape(5, 7).to(dtype)
    for k in [1, 3, 7]:
        assert_same(lambda x, k=k: tuple(torch.kthvalue(x, k, 1)), tensor)
        assert_same(lambda x, k=k: tuple(torch.kthvalue(x, k, -1, True)), tensor)
    assert_same(lambda x: tuple(torch.kthvalue(x, 2, 0)), tensor)


@numbers
@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_median(name: str, dtype: torch.dtype) -> None:
    if name == "nanmedian" and not dtype.is_floating_point:
        pytest.skip("integers have no NaN")
    function = getattr(torch, name)
    tensor = torch.randperm(24).reshape(4, 6).to(dtype)
    assert_same(function, tensor)
    assert_same(function, tensor.t()[1:])
    if dtype.is_floating_point:
        tensor[1, 2] = math.nan
        assert_same(function, tensor)
    if name == "median":
        assert_same(lambda x: tuple(function(x, 1)), tensor)
        assert_same(lambda x: tuple(function(x, 0, True)), tensor)


@pytest.mark.parametrize("right", [False, True])
@numbers
def test_searchsorted_and_bucketize(dtype: torch.dtype, right: bool) -> None:
    rows = torch.sort(values(dtype, (3, 9), 0, 9), 1).values
    wanted = values(dtype, (3, 5), 0, 9, seed=4)
    assert_same(torch.searchsorted, rows, wanted, right=right)
    assert_same(torch.searchsorted, rows[0], wanted, right=right, out_int32=True)
    assert_same(torch.bucketize, wanted, rows[1], right=right)
    assert_same(lambda x: torch.searchsorted(x, 3, right=right), rows[0])


def test_searchsorted_through_a_sorter() -> None:
    tensor = values(torch.float32, (3, 9))
    assert_same(
        lambda x, order, v: torch.searchsorted(x, v, sorter=order),
        tensor,
        tensor.argsort(1),
        values(torch.float32, (3, 4), seed=5),
    )


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != torch.uint8], ids=name_of)
def test_unique(dtype: torch.dtype) -> None:
    tensor = values(dtype, (5, 9))
    if dtype.is_floating_point:
        # Repeated numbers; of two zeros the first stays here, and any in torch.
        tensor = tensor.round() + 0.0
    assert_same(torch.unique, tensor)
    assert_same(torch.unique, tensor, return_inverse=True, return_counts=True)
    assert_same(torch.unique, tensor.t()[1:], return_counts=True)
    assert_same(torch.unique, tensor[:0])


def test_unique_keeps_every_nan() -> None:
    tensor = torch.tensor([math.nan, 1, math.nan, 0, 1])
    assert_same(torch.unique, tensor, return_inverse=True, return_counts=True)


@numbers
def test_unique_consecutive(dtype: torch.dtype) -> None:
    tensor = torch.tensor([1, 1, 2, 2, 3, 1, 1, 2], dtype=dtype)
    assert_same(torch.unique_consecutive, tensor)
    assert_same(torch.unique_consecutive, tensor, return_inverse=True, return_counts=True)
    assert_same(torch.unique_consecutive, tensor.reshape(4, 2), return_inverse=True)


def test_unique_along_a_dimension() -> None:
    tensor = torch.tensor([[1, 2], [3, 4], [1, 2], [0, 9]])
    assert_same(torch.unique, tensor, dim=0, return_inverse=True, return_counts=True)
    assert_same(torch.unique, tensor.t(), dim=1)
    assert_same(torch.unique_consecutive, tensor[[0, 2, 1, 3]], dim=0, return_counts=True)


@integers
def test_bincount(dtype: torch.dtype) -> None:
    tensor = values(dtype, (50,), 0, 9)
    assert_same(torch.bincount, tensor)
    assert_same(torch.bincount, tensor, minlength=20)
    assert_same(torch.bincount, tensor, values(torch.float32, (50,)), rtol=1e-6, atol=1e-6)
    assert_same(torch.bincount, tensor, values(torch.float64, (50,)), rtol=1e-12)
    assert_same(torch.bincount, tensor[:0], minlength=3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16], ids=name_of)
def test_histc(dtype: torch.dtype) -> None:
    tensor = values(dtype, (200,))
    if dtype == torch.float16:
        got = torch.histc(tensor.npu(), 8, -3, 3).cpu()
        assert torch.equal(got.float(), torch.histc(tensor.float(), 8, -3, 3))
        return
    assert_same(torch.histc, tensor, 10, -2, 2)
    assert_same(torch.histc, tensor, 7)


def test_expert_order_of_a_router() -> None:
    """A router's own sequence: top experts, their order, how many each has, where each begins."""

    def route(logits: torch.Tensor) -> Any:
        weights, experts = torch.topk(torch.softmax(logits, -1), 2, -1)
        flat = experts.flatten()
        order = torch.argsort(flat, stable=True)
        counts = torch.bincount(flat, minlength=8)
        return weights, experts, order, counts, torch.cumsum(counts, 0)

    assert_same(route, values(torch.float32, (32, 8), seed=3), rtol=1e-6, atol=1e-7)
