# SPDX-License-Identifier: Apache-2.0
"""The sample of torch_npu runs, and prints what its numbers come to."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from npu_process import run_file

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "torch_npu_ranks.py"


def wanted(rank: int) -> list[float]:
    """Compute rstd of a rank: every expert doubles, so x = (1 + 2 * sum of weights) * token."""
    torch.manual_seed(rank)
    x = torch.randn(4, 1024, dtype=torch.bfloat16)
    weights, _ = torch.rand(4, 4).softmax(-1).topk(2)
    total = (1 + 2 * weights.sum(-1, keepdim=True)) * x.float()
    return torch.rsqrt(total.square().mean(-1) + 1e-6).tolist()


def test_torch_npu_sample_prints_a_result_per_rank() -> None:
    ran = run_file(SAMPLE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = re.findall(
        r"rank (\d): x \(4, 1, 1024\) torch.bfloat16, rstd tensor\(\[(.*?)\]\)", ran.stdout
    )
    assert sorted(rank for rank, _ in told) == ["0", "1"], ran.stdout + ran.stderr
    for rank, numbers in told:
        # Four digits are printed.
        np.testing.assert_allclose(
            [float(number) for number in numbers.split(",")], wanted(int(rank)), atol=6e-5
        )
