# SPDX-License-Identifier: Apache-2.0
"""Tensors made of numbers, joined, repeated and rearranged."""

from __future__ import annotations

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
    assert_agree,
    assert_same,
    layouts,
    name_of,
    values,
)
from torch.nn import functional

Function = Callable[..., Any]

floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
integers = pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
numbers = pytest.mark.parametrize("dtype", NUMBERS, ids=name_of)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)


def assert_made(
    function: Function, *arguments: Any, rtol: float = 0.0, atol: float = 0.0, **options: Any
) -> None:
    """Compare what a factory makes on both devices."""
    assert_agree(
        function(*arguments, device="npu", **options), function(*arguments, **options), rtol, atol
    )


@numbers
def test_arange(dtype: torch.dtype) -> None:
    for arguments in [(5,), (0,), (2, 9), (2, 9, 3), (9, 2, -2), (100,)]:
        assert_made(torch.arange, *arguments, dtype=dtype)
    if dtype.is_floating_point:
        assert_made(torch.arange, 0.5, 3.0, 0.25, dtype=dtype)
        assert_made(torch.arange, 0, 1, 0.1, dtype=dtype, rtol=ULP[dtype])


def test_arange_without_a_dtype() -> None:
    assert_made(torch.arange, 7)
    assert_made(torch.arange, 2**40, 2**40 + 5)
    assert_made(torch.arange, 1.5, 4)
    assert_made(torch.arange, 100000)


@floating
def test_linspace(dtype: torch.dtype) -> None:
    for arguments in [(0, 1, 5), (-2.5, 3.5, 100), (3, -3, 7), (2, 5, 1), (1, 2, 0)]:
        assert_made(
            torch.linspace, *arguments, dtype=dtype, rtol=2 * ULP[dtype], atol=2 * ULP[dtype]
        )


@dtypes
def test_eye(dtype: torch.dtype) -> None:
    assert_made(torch.eye, 4, dtype=dtype)
    assert_made(torch.eye, 3, 5, dtype=dtype)
    assert_made(torch.eye, 0, dtype=dtype)


@pytest.mark.parametrize("name", ["tril", "triu"])
@dtypes
def test_triangles(name: str, dtype: torch.dtype) -> None:
    function = getattr(torch, name)
    for tensor in layouts(dtype).values():
        if tensor.dim() < 2 or (dtype != torch.float32 and tensor.numel() > 5000):
            continue
        for diagonal in [0, 1, -2, 50, -50]:
            assert_same(function, tensor, diagonal)
    assert_same(lambda x: getattr(x, name + "_")(1), values(dtype, (6, 5)), writes=True)


def test_triangle_indices_and_masks() -> None:
    assert_made(torch.tril_indices, 4, 5)
    assert_made(torch.triu_indices, 4, 5, 1)
    assert_agree(
        torch.ones(5, 5, dtype=torch.bool, device="npu").tril(),
        torch.ones(5, 5, dtype=torch.bool).tril(),
    )


@dtypes
def test_cat(dtype: torch.dtype) -> None:
    parts = [values(dtype, (2, 3)), values(dtype, (4, 3), seed=1), values(dtype, (1, 3), seed=2)]
    assert_same(torch.cat, parts)
    assert_same(torch.cat, [part.t() for part in parts], -1)
    assert_same(torch.cat, [parts[0], torch.empty(0, dtype=dtype), parts[1][:0], parts[2]])
    assert_same(torch.cat, [parts[0]] * 40, 1)
    assert_same(torch.hstack, [part[0] for part in parts])
    assert_same(torch.vstack, parts)
    out = torch.empty(7, 3, dtype=dtype, device="npu")
    torch.cat([part.npu() for part in parts], out=out)
    assert torch.equal(out.cpu(), torch.cat(parts))


def test_cat_promotes() -> None:
    assert_same(torch.cat, [values(torch.float16, (2, 3)), values(torch.float32, (1, 3))])
    assert_same(
        torch.cat,
        [values(torch.int32, (2, 3)), values(torch.float32, (1, 3)), values(torch.bool, (1, 3))],
    )


@pytest.mark.parametrize("dim", [0, 1, -1])
@dtypes
def test_stack(dtype: torch.dtype, dim: int) -> None:
    assert_same(torch.stack, [values(dtype, (2, 3), seed=seed) for seed in range(4)], dim)
    assert_same(torch.stack, [values(dtype, (3, 2), seed=seed).t() for seed in range(2)], dim)
    assert_same(torch.stack, [values(dtype, (), seed=seed) for seed in range(3)])


@dtypes
def test_splits_and_chunks_are_views(dtype: torch.dtype) -> None:
    tensor = values(dtype, (6, 8))
    assert_same(lambda x: list(torch.split(x, 4, 1)), tensor)
    assert_same(lambda x: list(torch.split(x, [1, 2, 3])), tensor)
    assert_same(lambda x: list(torch.chunk(x, 3, 1)), tensor)
    assert_same(lambda x: list(torch.unbind(x, 1)), tensor)
    assert_same(lambda x: [part.contiguous() for part in torch.tensor_split(x, 5, 1)], tensor)


@dtypes
def test_repeat_and_tile(dtype: torch.dtype) -> None:
    for tensor in [
        values(dtype, (2, 3)),
        values(dtype, (3, 2)).t(),
        values(dtype, (1, 3)).expand(2, 3),
    ]:
        assert_same(lambda x: x.repeat(2, 3), tensor)
        assert_same(lambda x: x.repeat(2, 1, 4), tensor)
        assert_same(lambda x: x.repeat(0, 2), tensor)
        assert_same(lambda x: x.tile(2), tensor)
        assert_same(lambda x: x.tile((2, 1, 2)), tensor)
    assert_same(lambda x: x.repeat(5), values(dtype, ()))
    assert_same(lambda x: x.repeat(1, 2, 3, 1), values(dtype, (2, 3, 4)))
    assert_same(lambda x: x.expand(4, 2, 3).contiguous(), values(dtype, (2, 1)))


@dtypes
def test_repeat_interleave(dtype: torch.dtype) -> None:
    for tensor in [values(dtype, (3, 4)), values(dtype, (4, 3)).t()]:
        assert_same(torch.repeat_interleave, tensor, 3)
        assert_same(torch.repeat_interleave, tensor, 2, 0)
        assert_same(torch.repeat_interleave, tensor, 2, -1)
        assert_same(torch.repeat_interleave, tensor, torch.tensor([2, 0, 1]), 0)
        assert_same(torch.repeat_interleave, tensor, torch.tensor([3]), 1)
        assert_same(torch.repeat_interleave, tensor, torch.tensor(2))
        assert_same(torch.repeat_interleave, tensor, torch.tensor([1, 0, 2]), 0, output_size=3)
    assert_same(torch.repeat_interleave, torch.tensor([2, 0, 3, 1]))


@dtypes
def test_flip_and_roll(dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        if tensor.numel() > 5000:
            continue
        assert_same(torch.flip, tensor, ())
        assert_same(torch.roll, tensor, 7)
        if tensor.dim() == 3:
            for dims in [(0,), (1,), (-1, 0), (0, 1, 2)]:
                assert_same(torch.flip, tensor, dims)
            assert_same(torch.roll, tensor, 2, 0)
            assert_same(torch.roll, tensor, (-3, 101), (1, 2))


@numbers
def test_padding_with_a_constant(dtype: torch.dtype) -> None:
    for tensor in [values(dtype, (3, 4)), values(dtype, (4, 3)).t()]:
        for pad in [(1, 2), (0, 0, 2, 1), (-1, 1), (-1, -1, 1, 0), (3, -3), (0, -4)]:
            assert_same(functional.pad, tensor, pad, value=3)
    assert_same(functional.pad, values(dtype, (3, 4)), (1, 1))


def test_padding_of_masks() -> None:
    assert_same(functional.pad, values(torch.bool, (3, 4)), (1, 2), value=True)


@dtypes
def test_diagonals(dtype: torch.dtype) -> None:
    assert_same(torch.diag, values(dtype, (4, 5)), 1)
    assert_same(torch.diag, values(dtype, (4,)), -1)
    assert_same(torch.diagonal, values(dtype, (4, 5)), -2)
    assert_same(torch.diag_embed, values(dtype, (2, 3)))


@pytest.mark.filterwarnings("ignore:Cannot create tensor with internal format")
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32], ids=name_of)
def test_one_hot(dtype: torch.dtype) -> None:
    def one_hot(x: torch.Tensor, *classes: int) -> torch.Tensor:
        return functional.one_hot(x, *classes).to(torch.int64)

    tensor = values(torch.int64, (3, 5), 0, 6)
    want = one_hot(tensor, 8)
    assert torch.equal(one_hot(tensor.to(dtype).npu(), 8).cpu(), want)
    assert torch.equal(one_hot(tensor.to(dtype).npu()).cpu(), one_hot(tensor))
    assert torch.equal(one_hot(tensor.to(dtype)[0, 0].npu(), 9).cpu(), one_hot(tensor[0, 0], 9))


def test_meshgrid_and_unfold() -> None:
    assert_same(
        lambda a, b: list(torch.meshgrid(a, b, indexing="ij")), torch.arange(3), torch.arange(4)
    )
    assert_same(lambda x: x.unfold(0, 3, 2), values(torch.float32, (9, 4)))
    assert_same(
        lambda x: x.unfold(1, 2, 1).sum(-1), values(torch.float32, (3, 6)), rtol=1e-6, atol=1e-6
    )
