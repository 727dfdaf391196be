# SPDX-License-Identifier: Apache-2.0
"""Reductions, and what works on whole lines: softmax, running sums and extremes."""

from __future__ import annotations

import math
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

# torch adds in float32 in an order of its own; the host device in float64.
SUM_ULPS = 16
# Dimensions of the three-dimensional layouts that are reduced, beside all.
DIMS = [0, -1, 1, (0, 2), (0, 1), (1, -1), (0, 1, 2)]

floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
integers = pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
numbers = pytest.mark.parametrize("dtype", NUMBERS, ids=name_of)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
keep = pytest.mark.parametrize("keepdim", [False, True])


def cubes(dtype: torch.dtype) -> list[torch.Tensor]:
    """Tensors of three dimensions in different layouts."""
    return [tensor for tensor in layouts(dtype).values() if tensor.dim() == 3]


def full(dtype: torch.dtype) -> list[torch.Tensor]:
    """All layouts that have elements."""
    return [tensor for tensor in layouts(dtype).values() if tensor.numel() > 0]


def tolerance(dtype: torch.dtype, ulps: int = SUM_ULPS) -> dict[str, float]:
    return {"rtol": ulps * ULP.get(dtype, 0.0), "atol": ulps * ULP.get(dtype, 0.0)}


@dtypes
def test_sum_of_every_layout(dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        size = math.sqrt(max(tensor.numel(), 1))
        assert_same(
            torch.sum, tensor, rtol=4 * ULP.get(dtype, 0.0), atol=size * 4 * ULP.get(dtype, 0.0)
        )


@keep
@pytest.mark.parametrize("dim", DIMS, ids=str)
@dtypes
def test_sum_over_dimensions(dtype: torch.dtype, dim: Any, keepdim: bool) -> None:
    for tensor in cubes(dtype):
        assert_same(torch.sum, tensor, dim, keepdim, **tolerance(dtype))


@pytest.mark.parametrize("to", DTYPES, ids=name_of)
@dtypes
def test_sum_into_another_dtype(dtype: torch.dtype, to: torch.dtype) -> None:
    wide = to if to.is_floating_point else dtype
    assert_same(torch.sum, values(dtype, (5, 7), 0, 3), 1, dtype=to, **tolerance(wide))


@floating
@keep
@pytest.mark.parametrize("dim", [None, *DIMS], ids=str)
def test_mean(dim: Any, keepdim: bool, dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        assert_same(torch.mean, tensor, dim, keepdim, **tolerance(dtype))


def test_mean_of_integers_with_a_dtype() -> None:
    assert_same(
        torch.mean, values(torch.int32, (4, 6)), 0, dtype=torch.float32, **tolerance(torch.float32)
    )


@dtypes
def test_prod(dtype: torch.dtype) -> None:
    tensor = values(dtype, (4, 5, 3), 1, 3) if dtype != torch.bool else values(dtype)
    assert_same(torch.prod, tensor, **tolerance(dtype, 64))
    assert_same(torch.prod, tensor, 1, **tolerance(dtype))
    assert_same(torch.prod, tensor, 0, True, **tolerance(dtype))
    assert_same(torch.prod, tensor[:, :0], 1)


@numbers
def test_trace(dtype: torch.dtype) -> None:
    assert_same(torch.trace, values(dtype, (4, 5)), **tolerance(dtype))
    assert_same(torch.trace, values(dtype, (4, 5)).t()[1:], **tolerance(dtype))


@floating
def test_nansum_leaves_nan_out(dtype: torch.dtype) -> None:
    tensor = values(dtype, (4, 6))
    tensor[1, 2] = tensor[3, 3] = math.nan
    assert_same(torch.nansum, tensor, **tolerance(dtype))
    assert_same(torch.nansum, tensor, 1, **tolerance(dtype))


@dtypes
@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "argmax", "argmin"])
def test_extremes_of_every_layout(name: str, dtype: torch.dtype) -> None:
    if dtype == torch.bool and name.startswith("arg"):
        pytest.skip("torch has none for bool on the CPU")
    for tensor in full(dtype):
        assert_same(getattr(torch, name), tensor)


@keep
@pytest.mark.parametrize("dim", [0, 1, -1])
@numbers
@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin", "amax", "amin"])
def test_extremes_along_a_dimension(name: str, dtype: torch.dtype, dim: int, keepdim: bool) -> None:
    for tensor in cubes(dtype):
        if tensor.size(dim) > 0:
            assert_same(getattr(torch, name), tensor, dim, keepdim)


@keep
@pytest.mark.parametrize("dim", [(0, 1), (0, 2), (0, 1, 2)], ids=str)
@numbers
def test_amax_and_amin_over_dimensions(dtype: torch.dtype, dim: Any, keepdim: bool) -> None:
    for tensor in cubes(dtype):
        if tensor.numel() > 0:
            assert_same(torch.amax, tensor, dim, keepdim)
            assert_same(torch.amin, tensor, dim, keepdim)


@floating
@pytest.mark.parametrize("name", ["max", "min", "amax", "amin", "argmax", "argmin"])
def test_extremes_with_nan_and_infinities(name: str, dtype: torch.dtype) -> None:
    edge = edges(dtype)
    assert_same(getattr(torch, name), edge)
    rows = edge.repeat(4, 40)
    rows[1, rows[1].isnan()] = 0.0
    rows[2, :] = -math.inf
    rows[3, :] = math.inf
    assert_same(getattr(torch, name), rows, 1)
    assert_same(getattr(torch, name), rows.t(), 0)


@numbers
def test_aminmax(dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        if tensor.numel() > 0:
            assert_same(lambda x: tuple(torch.aminmax(x)), tensor)
            assert_same(lambda x: tuple(torch.aminmax(x, dim=1)), tensor)


def test_max_without_elements_is_refused() -> None:
    with pytest.raises((RuntimeError, IndexError)):
        torch.empty(0, device="npu").max()
    with pytest.raises(RuntimeError, match="without elements"):
        torch.empty(2, 0, device="npu").amax(1).cpu()


@dtypes
@pytest.mark.parametrize("name", ["all", "any"])
def test_all_and_any(name: str, dtype: torch.dtype) -> None:
    function = getattr(torch, name)
    for tensor in layouts(dtype).values():
        assert_same(function, tensor)
    for tensor in cubes(dtype):
        assert_same(function, tensor, 1)
        assert_same(function, tensor, -1, True)
    assert_same(function, edges(dtype))
    assert_same(function, torch.zeros(5, dtype=dtype))
    assert_same(function, torch.full((5,), 1, dtype=dtype))


def test_any_of_small_numbers_is_true() -> None:
    assert_same(torch.any, torch.tensor([0.0, 0.25]))


@keep
@pytest.mark.parametrize("correction", [0, 1, 2])
@floating
@pytest.mark.parametrize("name", ["var", "std"])
def test_variance(name: str, dtype: torch.dtype, correction: int, keepdim: bool) -> None:
    for tensor in cubes(dtype):
        if tensor.numel() == 0:
            continue
        for dim in [None, 0, -1, (0, 2)]:
            assert_same(
                getattr(torch, name),
                tensor,
                dim,
                correction=correction,
                keepdim=keepdim,
                **tolerance(dtype),
            )


@floating
@pytest.mark.parametrize("name", ["var_mean", "std_mean"])
def test_variance_and_mean(name: str, dtype: torch.dtype) -> None:
    tensor = values(dtype, (6, 50)) + 100
    assert_same(getattr(torch, name), tensor, 1, **tolerance(dtype, 64))
    assert_same(getattr(torch, name), tensor, **tolerance(dtype, 64))


def test_variance_far_from_zero() -> None:
    assert_same(torch.var, values(torch.float32, (3000,)) + 10000, rtol=1e-5)
    assert torch.tensor([3.0], device="npu").var().isnan().item()


@pytest.mark.parametrize("p", [0, 1, 2, 3, math.inf, -math.inf])
@floating
def test_norms(dtype: torch.dtype, p: float) -> None:
    tensor = values(dtype, (6, 7, 5), 0.1, 3)
    bounds = tolerance(dtype, 32)
    assert_same(lambda x: torch.linalg.vector_norm(x, p), tensor, **bounds)
    assert_same(
        lambda x: torch.linalg.vector_norm(x, p, dim=(0, 2), keepdim=True), tensor, **bounds
    )
    assert_same(lambda x: torch.norm(x, p, dim=1), tensor, **bounds)


def test_norm_has_no_overflow() -> None:
    norm = torch.linalg.vector_norm(torch.full((16,), 1e30, device="npu")).item()
    assert norm == pytest.approx(4e30)


@floating
def test_logsumexp(dtype: torch.dtype) -> None:
    for tensor in cubes(dtype):
        assert_same(torch.logsumexp, tensor, 1, **tolerance(dtype))
        assert_same(torch.logsumexp, tensor, (0, 2), True, **tolerance(dtype))
    inf = math.inf
    special = torch.tensor(
        [[inf, 1.0], [-inf, -inf], [-inf, 2.0], [math.nan, 1.0], [inf, inf]], dtype=dtype
    )
    assert_same(torch.logsumexp, special, 1, **tolerance(dtype))


@dtypes
def test_count_nonzero(dtype: torch.dtype) -> None:
    assert_same(torch.count_nonzero, values(dtype, (5, 6)))
    assert_same(torch.count_nonzero, values(dtype, (5, 6)), 1)


@floating
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name: str, dtype: torch.dtype) -> None:
    function = getattr(torch, name)
    for tensor in layouts(dtype).values():
        assert_same(function, tensor, -1, **tolerance(dtype))
    for tensor in cubes(dtype):
        assert_same(function, tensor, 0, **tolerance(dtype))
        assert_same(function, tensor, 1, **tolerance(dtype))
    assert_same(function, values(dtype, (4, 9), -80, 80), 1, **tolerance(dtype))
    masked = values(dtype, (3, 4))
    masked[0, :2] = -math.inf
    masked[1, :] = -math.inf
    masked[2, 0] = math.nan
    assert_same(function, masked, 1, **tolerance(dtype))


def test_softmax_of_bf16_in_float32() -> None:
    assert_same(
        torch.softmax,
        values(torch.bfloat16, (8, 64)),
        -1,
        dtype=torch.float32,
        rtol=1e-6,
        atol=1e-7,
    )


@pytest.mark.parametrize("dim", [0, 1, -1])
@numbers
def test_cumsum_and_cumprod(dtype: torch.dtype, dim: int) -> None:
    for tensor in cubes(dtype):
        assert_same(torch.cumsum, tensor, dim, **tolerance(dtype))
        assert_same(
            torch.cumprod,
            tensor.abs() / 4 if dtype.is_floating_point else tensor,
            dim,
            **tolerance(dtype),
        )
    assert_same(lambda x: x.cumsum_(0), values(torch.int64, (7,)), writes=True)
    assert_same(
        torch.cumsum, values(dtype, (4, 5)), 0, dtype=torch.float32, **tolerance(torch.float32)
    )


@numbers
@pytest.mark.parametrize("name", ["cummax", "cummin"])
def test_cummax_and_cummin(name: str, dtype: torch.dtype) -> None:
    def function(x: torch.Tensor, dim: int) -> tuple[torch.Tensor, ...]:
        return tuple(getattr(torch, name)(x, dim))

    for tensor in cubes(dtype):
        if tensor.numel() > 0:
            assert_same(function, tensor, 1)
            assert_same(function, tensor, 0)
    assert_same(function, edges(dtype), 0)


@pytest.mark.parametrize("shape", [(300000,), (4, 200000), (200000, 4), (3, 1, 100000)], ids=str)
def test_large_reductions_run_on_several_cores_with_one_result(shape: tuple[int, ...]) -> None:
    tensor = values(torch.float32, shape)
    first = tensor.npu().sum().cpu()
    assert torch.equal(first, tensor.npu().sum().cpu())
    torch.testing.assert_close(first, tensor.double().sum().float(), rtol=1e-6, atol=1e-3)
    for dim in range(len(shape)):
        torch.testing.assert_close(
            tensor.npu().sum(dim).cpu(), tensor.double().sum(dim).float(), rtol=1e-6, atol=1e-4
        )
        assert_same(torch.argmax, tensor, dim)
    assert_same(lambda x: x.max(), tensor)
