# SPDX-License-Identifier: Apache-2.0
"""Constants, copies and casts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from comparing import DTYPES, FLOATING, INTEGERS, assert_same, edges, layouts, name_of, values

every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)


def cast(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Cast by .to(), which torch_npu lets give float32 where float64 is asked for."""
    if dtype == torch.float64:
        return torch.empty_like(tensor, dtype=dtype).copy_(tensor)
    return tensor.to(dtype)


@every_dtype
@pytest.mark.parametrize(
    "make",
    [
        lambda **options: torch.zeros(3, 4, **options),
        lambda **options: torch.ones(3, 4, **options),
        lambda **options: torch.full((3, 4), 7, **options),
        lambda **options: torch.full((), 1, **options),
        lambda **options: torch.zeros(0, 4, **options),
        lambda **options: torch.tensor([0, 1, 2], **options),
        lambda **options: torch.tensor(1, **options),
    ],
)
def test_constants_on_the_device(make: Callable[..., Any], dtype: torch.dtype) -> None:
    got = make(dtype=dtype, device="npu")
    want = make(dtype=dtype)
    assert got.dtype == dtype
    assert torch.equal(got.cpu(), want)


@every_dtype
@pytest.mark.parametrize(
    "make",
    [
        torch.zeros_like,
        torch.ones_like,
        lambda x: torch.full_like(x, 1),
        lambda x: x.new_zeros(2, 3),
        lambda x: x.new_ones(2, 3),
        lambda x: x.new_full((2, 3), 1),
        lambda x: x.new_tensor([1, 0]),
    ],
)
def test_constants_like_a_tensor(make: Callable[..., Any], dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        assert_same(make, tensor)


@every_dtype
@pytest.mark.parametrize("number", [0, 1, 3, 2.5, True])
def test_fill_writes_its_elements_and_no_others(number: float, dtype: torch.dtype) -> None:
    whole = values(dtype, (4, 6))
    assert_same(lambda x: x.fill_(number), whole[1:3, ::2], writes=True)
    assert_same(lambda x, v: x.fill_(v), whole[:, 1], torch.tensor(number), writes=True)
    assert_same(torch.Tensor.zero_, whole.t()[1:3], writes=True)


def test_fill_of_int64_is_exact() -> None:
    assert_same(lambda x: x.fill_(2**62 + 1), torch.zeros(3, dtype=torch.int64), writes=True)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), -0.0, 1e-40])
@pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
def test_fill_with_every_kind_of_number(number: float, dtype: torch.dtype) -> None:
    assert_same(lambda x: x.fill_(number), values(dtype), writes=True)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128], ids=name_of)
def test_complex_tensors_are_zeroed_and_copied(dtype: torch.dtype) -> None:
    assert torch.equal(torch.zeros(3, dtype=dtype, device="npu").cpu(), torch.zeros(3, dtype=dtype))
    tensor = torch.randn(3, 4, dtype=dtype)
    assert_same(lambda x: x.t().contiguous(), tensor)


@every_dtype
def test_copies_of_every_layout(dtype: torch.dtype) -> None:
    for tensor in [*layouts(dtype).values(), edges(dtype)]:
        assert_same(torch.Tensor.clone, tensor)
        assert_same(torch.Tensor.contiguous, tensor)
        assert torch.equal(tensor.npu().cpu().isnan(), tensor.isnan())
        assert_same(lambda x: x.reshape(-1), tensor)


@pytest.mark.parametrize("source", DTYPES, ids=name_of)
@pytest.mark.parametrize("target", DTYPES, ids=name_of)
def test_casts_between_every_pair(source: torch.dtype, target: torch.dtype) -> None:
    low = 0 if target == torch.uint8 else -4
    for tensor in layouts(source, low, 4).values():
        assert_same(lambda x: cast(x, target), tensor)
    assert_same(
        lambda x, y: x.copy_(y),
        values(target, (5, 3)).t()[::2],
        values(source, (5,), low),
        writes=True,
    )


@pytest.mark.parametrize("dtype", FLOATING, ids=name_of)
@pytest.mark.parametrize("target", [*FLOATING, torch.bool], ids=name_of)
def test_casts_of_edges_round_to_nearest_even(dtype: torch.dtype, target: torch.dtype) -> None:
    assert_same(lambda x: cast(x, target), edges(dtype))
    near = torch.arange(-3, 4, dtype=torch.float64) * 2.0**-12 + 1 + 2.0**-8
    assert_same(lambda x: cast(x, target), near.to(dtype))


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
@pytest.mark.parametrize("target", [*INTEGERS, torch.bool], ids=name_of)
def test_casts_between_integers_wrap(dtype: torch.dtype, target: torch.dtype) -> None:
    assert_same(lambda x: x.to(target), edges(dtype))


@every_dtype
@pytest.mark.parametrize("non_blocking", [False, True])
def test_copy_between_devices_takes_any_layout(non_blocking: bool, dtype: torch.dtype) -> None:
    source = values(dtype, (6, 4))
    for view in (lambda x: x, lambda x: x.t(), lambda x: x[::2, 1:3]):
        npu = torch.zeros(6, 4, dtype=dtype, device="npu")
        view(npu).copy_(view(source), non_blocking=non_blocking)
        torch.npu.synchronize()
        cpu = torch.zeros(6, 4, dtype=dtype)
        view(cpu).copy_(view(npu), non_blocking=non_blocking)
        torch.npu.synchronize()
        assert torch.equal(view(cpu), view(source))
        assert torch.equal(view(npu).to("cpu", torch.float32), view(source).to(torch.float32))


def test_copy_between_npus() -> None:
    source = values(torch.float32, (4, 6)).to("npu:0")
    target = torch.zeros(4, 6, device="npu:1")
    target.copy_(source)
    assert torch.equal(target.cpu(), source.cpu())
    assert torch.equal(source.to("npu:1").cpu(), source.cpu())


def test_a_copy_larger_than_its_target_is_refused() -> None:
    with pytest.raises(RuntimeError, match="does not broadcast"):
        torch.zeros(2).npu().copy_(torch.zeros(2, 2).npu())


@every_dtype
def test_fill_diagonal(dtype: torch.dtype) -> None:
    matrix = values(dtype, (11, 3))
    for tensor in (matrix.clone(), matrix.t(), values(dtype, (3, 3, 3)), values(dtype, (0, 3))):
        assert_same(lambda x: x.fill_diagonal_(2), tensor, writes=True)
    assert_same(lambda x: x.fill_diagonal_(0, wrap=True), matrix.clone(), writes=True)
    assert_same(lambda x: x.fill_diagonal_(0, wrap=True), matrix.t().contiguous(), writes=True)
