# SPDX-License-Identifier: Apache-2.0
"""Indexing: by lists, masks and slices, along one dimension, and at places of an index tensor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparing import DTYPES, FLOATING, NUMBERS, assert_same, layouts, name_of, values
from torch.nn import functional

Function = Callable[..., Any]

floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
numbers = pytest.mark.parametrize("dtype", NUMBERS, ids=name_of)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)

# Sums in bf16 and fp16 are rounded once here, at every step by torch.
SUMS = {
    torch.bfloat16: 2.0**-5,
    torch.float16: 2.0**-8,
    torch.float32: 2.0**-20,
    torch.float64: 2.0**-48,
}

ROWS = torch.tensor([3, 0, -1, 2, 3])
COLUMNS = torch.tensor([1, -2, 0, 1, 4])
READS: dict[str, Function] = {
    "rows": lambda x: x[ROWS.to(x.device)],
    "rows_int32": lambda x: x[ROWS.int().to(x.device)],
    "a_list": lambda x: x[[0, 2]],
    "columns": lambda x: x[:, COLUMNS.to(x.device)],
    "last": lambda x: x[..., COLUMNS.to(x.device)],
    "pairs": lambda x: x[ROWS.to(x.device), COLUMNS.to(x.device)],
    "apart": lambda x: x[ROWS.to(x.device), :, COLUMNS.to(x.device)],
    "end_pairs": lambda x: x[:, COLUMNS.to(x.device), COLUMNS.to(x.device)],
    "broadcast": lambda x: x[ROWS.to(x.device)[:, None], COLUMNS.to(x.device)[None, :3]],
    "scalar_index": lambda x: x[torch.tensor(2, device=x.device)],
    "with_number": lambda x: x[1, COLUMNS.to(x.device)],
    "with_slice": lambda x: x[1:3, COLUMNS.to(x.device), ::2],
    "none": lambda x: x[None, ROWS.to(x.device)],
    "empty": lambda x: x[ROWS[:0].to(x.device)],
    "rows_matrix": lambda x: x[ROWS[:4].reshape(2, 2).to(x.device)],
}


def cube(dtype: torch.dtype) -> torch.Tensor:
    return values(dtype, (4, 5, 6), seed=3)


def cubes(dtype: torch.dtype) -> list[torch.Tensor]:
    return [
        cube(dtype),
        values(dtype, (6, 5, 4), seed=4).permute(2, 1, 0),
        values(dtype, (8, 5, 12))[::2, :, ::2],
    ]


@pytest.mark.parametrize("name", READS)
@dtypes
def test_reading_by_indices(name: str, dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        assert_same(READS[name], tensor)


@dtypes
def test_reading_by_masks(dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        mask = values(torch.bool, tuple(tensor.shape), seed=7)
        assert_same(lambda x, m: x[m], tensor, mask)
        assert_same(lambda x, m: x[m], tensor, mask[:, :, 0].contiguous())
        assert_same(lambda x, m: x[:, m], tensor, mask[0, :, 0].contiguous())
        assert_same(lambda x, m, i: x[m, i], tensor, mask[:, 0, 0].contiguous(), torch.tensor([1]))
        assert_same(lambda x, m: x[m], tensor, torch.zeros(4, dtype=torch.bool))
        assert_same(lambda x, m: x[m], tensor, torch.ones(4, dtype=torch.bool))


WRITES: dict[str, Function] = {
    "rows": lambda x, v: x.__setitem__(torch.tensor([3, 0, 2]).to(x.device), v),
    "columns": lambda x, v: x.__setitem__((slice(None), torch.tensor([1, 4]).to(x.device)), v),
    "pairs": lambda x, v: x.__setitem__(
        (torch.tensor([3, 0]).to(x.device), torch.tensor([-1, 2]).to(x.device)), v
    ),
    "apart": lambda x, v: x.__setitem__(
        (torch.tensor([3, 0]).to(x.device), slice(None), torch.tensor([1, 2]).to(x.device)), v
    ),
    "slice": lambda x, v: x.__setitem__((slice(1, 3), slice(None, None, 2)), v),
    "number": lambda x, v: x.__setitem__(1, v),
    "mask": lambda x, v: x.__setitem__(x[:, :, 0] > 0, v),
    "full_mask": lambda x, v: x.__setitem__(x > 0, v),
    "empty": lambda x, v: x.__setitem__(torch.empty(0, dtype=torch.int64, device=x.device), v),
    "empty_columns": lambda x, v: x.__setitem__(
        (slice(None), torch.empty(0, dtype=torch.int64, device=x.device)), v
    ),
}


@pytest.mark.parametrize("name", WRITES)
@dtypes
def test_writing_a_number_by_indices(name: str, dtype: torch.dtype) -> None:
    if name in ("mask", "full_mask") and dtype == torch.bool:
        pytest.skip("the mask compares numbers")
    for tensor in cubes(dtype):
        assert_same(lambda x: WRITES[name](x, 1), tensor, writes=True)


@pytest.mark.parametrize("name", ["rows", "columns", "pairs", "apart", "slice", "number"])
@dtypes
def test_writing_tensors_by_indices(name: str, dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        target = tensor.clone()
        shape = {"rows": (3, 5, 6), "columns": (4, 2, 6), "pairs": (2, 6), "apart": (2, 5)}.get(
            name, (6,)
        )
        if name == "slice":
            shape = (2, 3, 6)
        assert_same(
            lambda x, v: WRITES[name](x, v), target, values(dtype, shape, seed=9), writes=True
        )
        assert_same(
            lambda x, v: WRITES[name](x, v), tensor, values(dtype, shape[-1:], seed=9), writes=True
        )


@numbers
def test_accumulating_by_indices(dtype: torch.dtype) -> None:
    bounds = {"rtol": SUMS.get(dtype, 0.0), "atol": SUMS.get(dtype, 0.0)}
    rows = torch.tensor([1, 3, 1, 1, 0])
    assert_same(
        lambda x, i, v: x.index_put_((i,), v, accumulate=True),
        cube(dtype),
        rows,
        values(dtype, (5, 5, 6), seed=2),
        writes=True,
        **bounds,
    )
    assert_same(
        lambda x, i, j, v: x.index_put((i, j), v, accumulate=True),
        cube(dtype),
        rows,
        torch.tensor([0, 2, 0, 1, 4]),
        values(dtype, (), seed=2),
        **bounds,
    )


def test_accumulating_masks() -> None:
    mask = values(torch.bool, (4, 5))
    assert_same(
        lambda x, m: x.index_put_((m,), torch.ones((), device=x.device), accumulate=True),
        values(torch.float32, (4, 5)),
        mask,
        writes=True,
    )


@dtypes
def test_index_select_and_embedding(dtype: torch.dtype) -> None:
    index = torch.tensor([3, 0, 2, 3])
    for tensor in cubes(dtype):
        for dim in range(3):
            assert_same(torch.index_select, tensor, dim, index)
            assert_same(torch.index_select, tensor, dim, index.int())
            assert_same(torch.index_select, tensor, dim, index[:0])
    if dtype.is_floating_point:
        table = values(dtype, (9, 16))
        assert_same(functional.embedding, torch.tensor([[1, 8], [0, 3]]), table)
        assert_same(functional.embedding, torch.tensor([4], dtype=torch.int32), table)
        assert_same(functional.embedding, torch.tensor(2), table)


@numbers
def test_index_add(dtype: torch.dtype) -> None:
    bounds = {"rtol": SUMS.get(dtype, 0.0), "atol": SUMS.get(dtype, 0.0)}
    index = torch.tensor([3, 0, 3, 1])
    for dim in range(3):
        shape = [4, 5, 6]
        shape[dim] = 4
        source = values(dtype, tuple(shape), seed=5)
        assert_same(
            lambda x, i, s, d=dim: x.index_add_(d, i, s),
            cube(dtype),
            index,
            source,
            writes=True,
            **bounds,
        )
        assert_same(
            lambda x, i, s, d=dim: x.index_add(d, i, s, alpha=2),
            cube(dtype),
            index,
            source,
            **bounds,
        )


@numbers
def test_index_copy_and_fill(dtype: torch.dtype) -> None:
    index = torch.tensor([3, 0, 2])
    for dim in range(3):
        shape = [4, 5, 6]
        shape[dim] = 3
        source = values(dtype, tuple(shape), seed=5)
        assert_same(
            lambda x, i, s, d=dim: x.index_copy_(d, i, s), cube(dtype), index, source, writes=True
        )
        assert_same(lambda x, i, s, d=dim: x.index_copy(d, i, s), cube(dtype), index, source)
        assert_same(lambda x, i, d=dim: x.index_fill_(d, i, 2), cube(dtype), index, writes=True)
        assert_same(lambda x, i, d=dim: x.index_fill(d, i, 3), cube(dtype), index)
        assert_same(
            lambda x, i, d=dim: x.index_fill(d, i, torch.tensor(3, dtype=dtype, device=x.device)),
            cube(dtype),
            index,
        )


@pytest.mark.filterwarnings("ignore:Cannot create tensor with internal format")
@dtypes
def test_gather(dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        for dim in range(3):
            index = values(torch.int64, (3, 4, 5), 0, tensor.size(dim), seed=6)
            assert_same(torch.gather, tensor, dim, index)
            assert_same(torch.gather, tensor, dim, index.transpose(0, 2)[:3, :4, :3])
    assert_same(torch.take_along_dim, cube(dtype), cube(torch.float32).argsort(1), 1)


@dtypes
def test_scatter(dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        for dim in range(3):
            index = torch.stack([torch.randperm(4) for _ in range(12)], 1).reshape(4, 3, 4)
            index = index.movedim(0, dim)[:4, :4, :4]
            source = values(dtype, (4, 4, 4), seed=8)
            assert_same(
                lambda x, i, s, d=dim: x.scatter_(d, i, s),
                tensor.clone(),
                index,
                source,
                writes=True,
            )
            assert_same(lambda x, i, s, d=dim: x.scatter(d, i, s), tensor, index, source)
            assert_same(lambda x, i, d=dim: x.scatter_(d, i, 1), tensor.clone(), index, writes=True)
            assert_same(lambda x, i, d=dim: x.scatter(d, i, 1), tensor, index)


@numbers
def test_scatter_add_and_reduce(dtype: torch.dtype) -> None:
    bounds = {"rtol": SUMS.get(dtype, 0.0), "atol": SUMS.get(dtype, 0.0)}
    for dim in range(3):
        index = values(torch.int64, (4, 5, 6), 0, 4, seed=6)
        source = values(dtype, (4, 5, 6), seed=8)
        assert_same(
            lambda x, i, s, d=dim: x.scatter_add_(d, i, s),
            cube(dtype),
            index,
            source,
            writes=True,
            **bounds,
        )
        assert_same(
            lambda x, i, s, d=dim: x.scatter_add(d, i, s), cube(dtype), index, source, **bounds
        )
    for reduce in ["sum", "amax", "mean"]:
        assert_same(
            lambda x, i, s, r=reduce: x.scatter_reduce(1, i, s, r),
            cube(dtype),
            index,
            source,
            **bounds,
        )


@dtypes
def test_nonzero_and_where(dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        if tensor.numel() > 5000:
            continue
        assert_same(torch.nonzero, tensor)
        if tensor.dim() > 0:
            assert_same(lambda x: list(torch.where(x)), tensor)
    assert_same(torch.nonzero, torch.zeros(4, 5, dtype=dtype))
    assert_same(torch.argwhere, values(dtype))


@dtypes
def test_masked_select_and_scatter(dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        mask = values(torch.bool, (4, 5, 6), seed=7)
        assert_same(torch.masked_select, tensor, mask)
        assert_same(torch.masked_select, tensor, mask[0])
        assert_same(torch.masked_select, tensor, mask[:, :1, :1])
        assert_same(torch.masked_select, tensor, torch.zeros((), dtype=torch.bool))
        assert_same(
            lambda x, m, s: x.masked_scatter_(m, s),
            tensor.clone(),
            mask,
            values(dtype, (12, 10)).t(),
            writes=True,
        )
        assert_same(
            lambda x, m, s: x.masked_scatter(m, s), tensor, mask[:, :, :1], values(dtype, (120,))
        )


@dtypes
def test_take_and_put(dtype: torch.dtype) -> None:
    index = torch.tensor([[0, 119, -1], [-120, 7, 7]])
    for tensor in cubes(dtype):
        assert_same(torch.take, tensor, index)


@dtypes
def test_views_read_and_written(dtype: torch.dtype) -> None:
    assert_same(lambda x: x[1:, ::2, -3:].contiguous(), cube(dtype))
    assert_same(lambda x: x.select(1, 2).contiguous(), cube(dtype))
    assert_same(lambda x: x.narrow(2, 1, 3).clone(), cube(dtype))
    assert_same(lambda x: x[..., 1], cube(dtype))
    assert_same(lambda x: x.select(1, 2).fill_(1), cube(dtype), writes=True)
    assert_same(lambda x: x[:, 1:4].copy_(x[:, 0:3].clone()), cube(dtype), writes=True)
    assert_same(lambda x: x.transpose(0, 2).contiguous(), cube(dtype))


def test_a_moe_layer_sends_tokens_to_experts_and_back() -> None:
    """The gather and scatter of an ordinary MoE layer."""

    def layer(tokens: torch.Tensor, experts: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(tokens)
        for expert in range(4):
            token, choice = torch.where(experts == expert)
            rows = tokens[token] * (expert + 1) * weights[token, choice, None]
            out.index_add_(0, token, rows)
        return out

    tokens = values(torch.float32, (20, 16))
    experts = torch.stack([torch.randperm(4)[:2] for _ in range(20)])
    assert_same(layer, tokens, experts, values(torch.float32, (20, 2), 0, 1), rtol=1e-6, atol=1e-6)


# One for each way of checking; the native tests have one for each operator.
FAILURES = {
    "index": (
        "x[torch.tensor([0, 5]).npu()]",
        "indices[0] is 5 at element 1, but dimension 0 of self has 3 elements: want -3 to 2",
    ),
    "index_add": (
        "x.index_add_(0, torch.tensor([3]).npu(), y[:1])",
        "index is 3 at element 0, but dimension 0 of self has 3 elements: want 0 to 2",
    ),
    "gather": (
        "x.gather(0, torch.tensor([[0, 0], [0, 3]]).npu())",
        "index is 3 at element 3, but dimension 0 of self has 3 elements: want 0 to 2",
    ),
    "scatter": (
        "x.scatter_(1, torch.tensor([[9]]).npu(), 1.0)",
        "index is 9 at element 0, but dimension 1 of self has 4 elements: want 0 to 3",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_index_out_of_range_fails_by_name(name: str) -> None:
    """In a process of its own: the failure stays with the stream."""
    code, text = FAILURES[name]
    program = (
        "import torch, torch_npu\n"
        "x = torch.arange(12.0).reshape(3, 4).npu()\n"
        "y = x.clone()\n"
        "try:\n"
        f"    {code}\n"
        "    torch.npu.synchronize()\n"
        "except RuntimeError as error:\n"
        "    print('FAILED', error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert "FAILED" in run.stdout, run.stdout + run.stderr
    assert text in run.stdout
