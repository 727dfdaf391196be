# SPDX-License-Identifier: Apache-2.0
"""Products of matrices and what torch makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from comparing import FLOATING, INTEGERS, assert_same, name_of, values

# Sums of up to 600 products of numbers below 4 in float32, in another order; then one rounding.
TOLERANCE = {
    torch.float64: {"rtol": 1e-12, "atol": 1e-10},
    torch.float32: {"rtol": 1e-5, "atol": 1e-3},
    torch.float16: {"rtol": 2.0**-9, "atol": 0.02},
    torch.bfloat16: {"rtol": 2.0**-7, "atol": 0.1},
}
floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)

RANKS = {
    "vector_vector": ((7,), (7,)),
    "vector_matrix": ((7,), (7, 5)),
    "matrix_vector": ((6, 7), (7,)),
    "matrix_matrix": ((6, 7), (7, 5)),
    "batch_vector": ((3, 6, 7), (7,)),
    "vector_batch": ((7,), (3, 7, 5)),
    "batch_matrix": ((2, 3, 6, 7), (7, 5)),
    "matrix_batch": ((6, 7), (3, 7, 5)),
    "batch_batch": ((3, 6, 7), (3, 7, 5)),
    "broadcast": ((4, 1, 6, 7), (3, 7, 5)),
    "one_row": ((1, 600), (600, 300)),
    "one_column": ((300, 600), (600, 1)),
    "several_tiles": ((300, 530), (530, 270)),
    "no_rows": ((0, 7), (7, 5)),
    "nothing_to_sum": ((6, 0), (0, 5)),
    "no_batch": ((0, 6, 7), (0, 7, 5)),
}


@floating
@pytest.mark.parametrize("shapes", RANKS.values(), ids=RANKS)
def test_matmul_of_every_rank(shapes: tuple[Any, Any], dtype: torch.dtype) -> None:
    a, b = values(dtype, shapes[0], seed=1), values(dtype, shapes[1], seed=2)
    assert_same(torch.matmul, a, b, **TOLERANCE[dtype])


LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "plain": lambda t: t,
    "transposed": lambda t: t.t().contiguous().t(),
    "every_second": lambda t: t.repeat_interleave(2, 0).repeat_interleave(2, 1)[::2, ::2],
    "same_rows": lambda t: t[:1].expand(t.shape),
}


@floating
@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("second", LAYOUTS)
def test_mm_of_views(first: str, second: str, dtype: torch.dtype) -> None:
    a, b = values(dtype, (9, 40), seed=1), values(dtype, (40, 12), seed=2)
    assert_same(torch.mm, LAYOUTS[first](a), LAYOUTS[second](b), **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
def test_products_of_integers_wrap(dtype: torch.dtype) -> None:
    a, b = values(dtype, (5, 70), -100, 100, seed=1), values(dtype, (70, 6), -100, 100, seed=2)
    assert_same(torch.mm, a, b)


def test_mm_of_bool_is_refused_as_on_the_cpu() -> None:
    with pytest.raises(RuntimeError, match="self is bool: want a dtype of numbers"):
        torch.mm(torch.ones(2, 2).bool().npu(), torch.ones(2, 2).bool().npu()).cpu()


def test_float32_products_stay_float32_where_hf32_is_allowed() -> None:
    a, b = values(torch.float32, (8, 64), seed=1), values(torch.float32, (64, 8), seed=2)
    before = torch.npu.matmul.allow_hf32
    try:
        torch.npu.matmul.allow_hf32 = True
        assert_same(torch.mm, a, b, rtol=1e-5, atol=1e-4)
    finally:
        torch.npu.matmul.allow_hf32 = before


ADDITIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "addmm": (torch.addmm, ((6, 5), (6, 7), (7, 5))),
    "addmm_row": (torch.addmm, ((5,), (6, 7), (7, 5))),
    "addmm_column": (torch.addmm, ((6, 1), (6, 7), (7, 5))),
    "addmv": (torch.addmv, ((6,), (6, 7), (7,))),
    "addr": (torch.addr, ((6, 5), (6,), (5,))),
    "baddbmm": (torch.baddbmm, ((3, 6, 5), (3, 6, 7), (3, 7, 5))),
    "baddbmm_broadcast": (torch.baddbmm, ((1, 5), (3, 6, 7), (3, 7, 5))),
    "addbmm": (torch.addbmm, ((6, 5), (3, 6, 7), (3, 7, 5))),
}


@floating
@pytest.mark.parametrize("name", ADDITIONS)
@pytest.mark.parametrize("factors", [(1, 1), (0.5, -2.0), (0, 1.5)], ids=str)
def test_products_added_to(name: str, factors: tuple[float, float], dtype: torch.dtype) -> None:
    function, shapes = ADDITIONS[name]
    given = [values(dtype, shape, seed=i) for i, shape in enumerate(shapes)]
    assert_same(function, *given, beta=factors[0], alpha=factors[1], **TOLERANCE[dtype])


@floating
def test_products_added_in_place(dtype: torch.dtype) -> None:
    self, a, b = values(dtype, (6, 5)), values(dtype, (6, 7), seed=1), values(dtype, (7, 5), seed=2)
    assert_same(
        lambda s, x, y: s.addmm_(x, y, alpha=2), self, a, b, writes=True, **TOLERANCE[dtype]
    )
    strided = values(dtype, (5, 6)).t()
    assert_same(lambda s, x, y: s.addmm_(x, y), strided, a, b, writes=True, **TOLERANCE[dtype])


OTHERS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "bmm": (torch.bmm, ((3, 6, 7), (3, 7, 5))),
    "mv": (torch.mv, ((6, 7), (7,))),
    "dot": (torch.dot, ((900,), (900,))),
    "outer": (torch.outer, ((6,), (5,))),
    "linear": (F.linear, ((2, 3, 7), (5, 7))),
    "linear_bias": (F.linear, ((2, 3, 7), (5, 7), (5,))),
    "linear_vector": (F.linear, ((7,), (5, 7), (5,))),
    "einsum_matrix": (lambda a, b: torch.einsum("ik,kj->ij", a, b), ((6, 7), (7, 5))),
    "einsum_batch": (lambda a, b: torch.einsum("bik,bjk->bij", a, b), ((3, 6, 7), (3, 5, 7))),
    "einsum_heads": (
        lambda a, b: torch.einsum("bshd,bthd->bhst", a, b),
        ((2, 5, 3, 4), (2, 6, 3, 4)),
    ),
    "einsum_experts": (lambda a, b: torch.einsum("ti,eij->etj", a, b), ((6, 7), (3, 7, 5))),
}


@floating
@pytest.mark.parametrize("name", OTHERS)
def test_products_in_other_words(name: str, dtype: torch.dtype) -> None:
    function, shapes = OTHERS[name]
    given = [values(dtype, shape, seed=i) for i, shape in enumerate(shapes)]
    assert_same(function, *given, **TOLERANCE[dtype])


def test_a_linear_layer_and_its_gradients() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(7, 5)
    x = values(torch.float32, (4, 7))
    want = layer(x)
    want.backward(torch.ones_like(want))
    gradient = layer.weight.grad
    layer.zero_grad()
    other = torch.nn.Linear(7, 5).npu()
    other.weight.data.copy_(layer.weight.data)
    other.bias.data.copy_(layer.bias.data)
    got = other(x.npu())
    got.backward(torch.ones(4, 5).npu())
    torch.testing.assert_close(got.detach().cpu(), want.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(other.weight.grad.cpu(), gradient, rtol=1e-5, atol=1e-5)


def test_products_are_the_same_bits_every_time() -> None:
    a = values(torch.float32, (300, 900), seed=1).npu()
    b = values(torch.float32, (900, 500), seed=2).npu()
    first = torch.mm(a, b).cpu()
    for _ in range(3):
        assert torch.equal(torch.mm(a, b).cpu(), first)
