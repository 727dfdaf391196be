# SPDX-License-Identifier: Apache-2.0
"""Random numbers on the device: reproducible, independent of the cores, of the right distribution.

They are not the numbers of an NPU or of torch's CPU; seeds are fixed, so the statistics are too.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from comparing import FLOATING, INTEGERS, name_of

COUNT = 200_000
DRAWS: dict[str, Callable[[], torch.Tensor]] = {
    "rand": lambda: torch.rand(70, 30, device="npu"),
    "randn": lambda: torch.randn(70, 30, device="npu"),
    "randint": lambda: torch.randint(-5, 9, (70, 30), device="npu"),
    "randperm": lambda: torch.randperm(500, device="npu"),
    "bernoulli": lambda: torch.empty(500, device="npu").bernoulli_(0.3),
    "exponential": lambda: torch.empty(500, device="npu").exponential_(),
    "multinomial": lambda: torch.multinomial(torch.ones(5, 90).npu(), 20),
    "dropout": lambda: F.dropout(torch.ones(500).npu(), 0.5),
    "normal": lambda: torch.normal(torch.zeros(99).npu(), torch.ones(99).npu()),
}
floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.npu.manual_seed(1234)


def drawn(**options: Any) -> torch.Tensor:
    return torch.empty(COUNT, device="npu", **options)


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_gives_the_same_numbers_again_and_calls_differ(name: str) -> None:
    first, second = DRAWS[name]().cpu(), DRAWS[name]().cpu()
    torch.npu.manual_seed(1234)
    assert torch.equal(DRAWS[name]().cpu(), first)
    assert not torch.equal(second, first)
    torch.npu.manual_seed(4321)
    assert not torch.equal(DRAWS[name]().cpu(), first)


def test_a_generator_of_its_own_keeps_its_own_sequence() -> None:
    generator = torch.Generator(device="npu").manual_seed(5)
    first = torch.rand(9, device="npu", generator=generator).cpu()
    torch.rand(9, device="npu")
    assert torch.equal(torch.rand(9, device="npu", generator=generator.manual_seed(5)).cpu(), first)


SUMS = """
import torch, torch_npu
torch.npu.manual_seed(3)
x = torch.randn(300, 1111, device="npu")
y = torch.multinomial(torch.rand(40, 500, device="npu"), 30)
print(x.cpu().view(torch.int32).sum().item(), (y.cpu() * torch.arange(30)).sum().item())
"""


def test_numbers_are_the_same_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = []
    for cores in ("1", "3"):
        monkeypatch.setenv("ACLNN_MOE_HOST_CORES", cores)
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SUMS], capture_output=True, text=True, check=True
        )
        printed.append(run.stdout)
    assert printed[0] == printed[1]


@floating
def test_uniform_numbers(dtype: torch.dtype) -> None:
    numbers = drawn(dtype=dtype).uniform_().cpu().double()
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert numbers.mean().item() == pytest.approx(0.5, abs=0.005)
    assert numbers.var().item() == pytest.approx(1 / 12, abs=0.002)
    parts = torch.histc(numbers, 16, 0, 1)
    assert (parts - COUNT / 16).abs().max() < 5 * (COUNT / 16) ** 0.5
    moved = drawn(dtype=dtype).uniform_(-3, 5).cpu().double()
    assert moved.min() >= -3
    assert moved.mean().item() == pytest.approx(1, abs=0.04)


@floating
def test_normal_numbers(dtype: torch.dtype) -> None:
    numbers = drawn(dtype=dtype).normal_().cpu().double()
    assert numbers.isfinite().all()
    assert numbers.mean().item() == pytest.approx(0, abs=0.01)
    assert numbers.std().item() == pytest.approx(1, abs=0.01)
    assert (numbers**3).mean().item() == pytest.approx(0, abs=0.05)
    assert (numbers**4).mean().item() == pytest.approx(3, abs=0.1)
    neighbours = (numbers[1:] * numbers[:-1]).mean().item()
    assert neighbours == pytest.approx(0, abs=0.01)
    moved = drawn(dtype=dtype).normal_(3, 0.5).cpu().double()
    assert moved.mean().item() == pytest.approx(3, abs=0.02)
    assert moved.std().item() == pytest.approx(0.5, abs=0.01)


def test_normal_takes_tensors_of_means_and_deviations() -> None:
    means, stds = torch.tensor([[-5.0], [5.0]]).npu(), torch.tensor([1.0, 0.0]).npu()
    numbers = torch.normal(means.expand(2, 2), stds.expand(2, 2)).cpu()
    assert torch.equal(numbers[:, 1], torch.tensor([-5.0, 5.0]))
    assert torch.equal(numbers[:, 0].sign(), torch.tensor([-1.0, 1.0]))
    assert torch.normal(means, 0.0).cpu().tolist() == [[-5.0], [5.0]]
    assert torch.normal(2.0, stds).cpu()[1] == 2


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
def test_whole_numbers(dtype: torch.dtype) -> None:
    numbers = torch.randint(3, 10, (COUNT,), dtype=dtype, device="npu").cpu().long()
    counts = torch.bincount(numbers)
    assert counts[:3].sum() == 0
    assert len(counts) == 10
    assert (counts[3:] - COUNT / 7).abs().max() < 5 * (COUNT / 7) ** 0.5


def test_whole_numbers_of_all_of_int64() -> None:
    numbers = drawn(dtype=torch.int64).random_().cpu()
    assert numbers.min() >= 0
    assert numbers.double().mean().item() == pytest.approx(2.0**62, rel=0.01)


def test_bernoulli_by_a_number_and_by_a_tensor() -> None:
    assert drawn().bernoulli_(0.3).cpu().mean().item() == pytest.approx(0.3, abs=0.005)
    probabilities = torch.tensor([0.0, 0.7, 1.0]).npu().expand(COUNT, 3)
    means = torch.bernoulli(probabilities).cpu().mean(0)
    assert means[0] == 0
    assert means[1].item() == pytest.approx(0.7, abs=0.005)
    assert means[2] == 1


def test_exponential_numbers() -> None:
    numbers = drawn().exponential_(2).cpu()
    assert numbers.min() >= 0
    assert numbers.mean().item() == pytest.approx(0.5, abs=0.005)
    assert numbers.var().item() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32], ids=name_of)
def test_a_permutation_has_every_number_once(dtype: torch.dtype) -> None:
    order = torch.randperm(1001, dtype=dtype, device="npu").cpu()
    assert order.dtype == dtype
    assert torch.equal(order.sort().values, torch.arange(1001, dtype=dtype))
    assert torch.randperm(0, device="npu").shape == (0,)


def test_the_first_of_a_permutation_is_uniform() -> None:
    firsts = torch.stack([torch.randperm(4, device="npu").cpu() for _ in range(2000)])
    counts = torch.bincount(firsts[:, 0], minlength=4)
    assert (counts - 500).abs().max() < 5 * 500**0.5


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_by_weight(replacement: bool) -> None:
    weights = torch.tensor([1.0, 0, 3, 6])
    rows = weights.npu().expand(20_000, 4)
    draws = torch.multinomial(rows, 2, replacement=replacement).cpu()
    shares = torch.bincount(draws[:, 0], minlength=4) / 20_000
    torch.testing.assert_close(shares, weights / 10, atol=0.02, rtol=0)
    if not replacement:
        assert (draws[:, 0] != draws[:, 1]).all()
    assert torch.multinomial(weights.npu(), 3).cpu().sort().values.tolist() == [0, 2, 3]


@floating
def test_dropout_keeps_and_scales(dtype: torch.dtype) -> None:
    tensor = torch.ones(COUNT, dtype=dtype).npu()
    out = F.dropout(tensor, 0.25).cpu().double()
    kept = out != 0
    assert kept.double().mean().item() == pytest.approx(0.75, abs=0.005)
    torch.testing.assert_close(out[kept], torch.full_like(out[kept], 4 / 3), rtol=2.0**-8, atol=0)
    assert torch.equal(F.dropout(tensor, 0.25, training=False).cpu(), tensor.cpu())
    assert F.dropout(tensor, 1.0).cpu().sum() == 0
