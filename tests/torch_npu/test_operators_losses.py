# SPDX-License-Identifier: Apache-2.0
"""Losses, as checks of a model's output use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from comparing import ULP, assert_same, name_of, values

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
reductions = pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
LINES, CLASSES = 13, 33
LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "smooth_l1": F.smooth_l1_loss,
    "narrow_smooth_l1": lambda *pair, **options: F.smooth_l1_loss(*pair, beta=0.25, **options),
}


def tolerance(dtype: torch.dtype) -> dict[str, Any]:
    """torch rounds what lies between to the dtype and adds up in it; here it is rounded once."""
    return {"rtol": 8 * ULP[dtype], "atol": 8 * ULP[dtype]}


@dtypes
@reductions
@pytest.mark.parametrize("loss", LOSSES)
def test_distance(loss: str, reduction: str, dtype: torch.dtype) -> None:
    pair = values(dtype, (LINES, CLASSES), -1, 1), values(dtype, (LINES, CLASSES), -1, 1, seed=1)
    assert_same(LOSSES[loss], *pair, reduction=reduction, **tolerance(dtype))
    assert_same(LOSSES[loss], pair[0].t(), pair[1].t(), reduction=reduction, **tolerance(dtype))
    assert_same(LOSSES[loss], pair[0][:0], pair[1][:0], reduction=reduction)


@dtypes
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", ["none", "batchmean", "sum"])
def test_kl_div(reduction: str, log_target: bool, dtype: torch.dtype) -> None:
    got = values(dtype, (LINES, CLASSES)).log_softmax(-1)
    wanted = values(dtype, (LINES, CLASSES), seed=1).softmax(-1)
    wanted[:, 3] = 0
    assert_same(
        F.kl_div,
        got,
        (wanted + 1e-3).log() if log_target else wanted,
        reduction=reduction,
        log_target=log_target,
        **tolerance(dtype),
    )


@dtypes
@reductions
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(weighted: bool, reduction: str, dtype: torch.dtype) -> None:
    logits = values(dtype, (LINES, CLASSES))
    target = values(torch.int64, (LINES,), 0, CLASSES)
    target[3] = -100
    weight = values(dtype, (CLASSES,), 0.5, 2) if weighted else None
    options = {"reduction": reduction, **tolerance(dtype)}
    assert_same(F.cross_entropy, logits, target, weight, **options)
    target = target.clamp(min=0)
    assert_same(F.cross_entropy, logits, target, weight, ignore_index=int(target[0]), **options)
    assert_same(F.nll_loss, logits[0].log_softmax(-1), target[0], weight, **options)


def test_cross_entropy_of_ignored_targets_alone() -> None:
    assert_same(F.cross_entropy, values(torch.float32, (2, 5)), torch.tensor([-100, -100]))
