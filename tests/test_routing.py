# SPDX-License-Identifier: Apache-2.0
"""The router of demonstrations: what it promises."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from aclnn_moe.routing import gate


def test_gate_gives_int32_ids_and_float32_scales_of_shape_bs_k() -> None:
    routing = gate(5, 64, 32, 8)
    assert routing.expert_ids.shape == routing.expert_scales.shape == (5, 8)
    assert routing.expert_ids.dtype == np.int32
    assert routing.expert_scales.dtype == np.float32


def test_gate_never_repeats_an_expert_within_a_token() -> None:
    ids = gate(512, 32, 16, 16, skew=3.0).expert_ids
    assert (np.sort(ids, axis=1) == np.arange(16)).all()


def test_gate_scales_sum_to_one_and_fall() -> None:
    scales = gate(64, 128, 32, 8).expert_scales
    # Rounded to float32 one by one: half a unit each.
    np.testing.assert_allclose(scales.sum(axis=1, dtype=np.float64), 1.0, rtol=1e-6)
    assert (np.diff(scales, axis=1) <= 0).all()
    assert (scales > 0).all()


def test_gate_repeats_itself_in_another_process() -> None:
    here = gate(16, 256, 32, 8, seed=7, rank=3)
    code = (
        "from aclnn_moe.routing import gate\n"
        "r = gate(16, 256, 32, 8, seed=7, rank=3)\n"
        "print(r.expert_ids.tobytes().hex(), r.expert_scales.tobytes().hex())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert printed == [here.expert_ids.tobytes().hex(), here.expert_scales.tobytes().hex()]


@pytest.mark.parametrize("change", [{"seed": 8}, {"rank": 4}])
def test_gate_depends_on_seed_and_rank(change: dict[str, int]) -> None:
    arguments = {"seed": 7, "rank": 3}
    one = gate(16, 256, 32, 8, **arguments)
    other = gate(16, 256, 32, 8, **(arguments | change))
    assert (one.expert_ids != other.expert_ids).any()


def test_gate_skew_makes_the_same_experts_popular_on_every_rank() -> None:
    loads = [
        np.bincount(gate(256, 64, 32, 4, rank=rank, skew=2.0).expert_ids.ravel(), minlength=32)
        for rank in range(4)
    ]
    busiest = [int(load.argmax()) for load in loads]
    assert len(set(busiest)) == 1
    assert min(load.max() for load in loads) > 8 * 256 * 4 / 32 / 2


def test_gate_without_skew_loads_experts_about_evenly() -> None:
    load = np.bincount(gate(512, 64, 32, 4, skew=0.0).expert_ids.ravel(), minlength=32)
    assert load.max() < 2 * load.mean()
    assert load.min() > load.mean() / 2


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ((0, 8, 4, 2), "num_tokens: want at least 1, got 0"),
        ((4, 0, 4, 2), "hidden: want at least 1, got 0"),
        ((4, 8, 4, 0), "k: want at least 1, got 0"),
        ((4, 8, 4, 5), "k: want at most num_experts = 4, got 5"),
    ],
)
def test_gate_refuses_sizes_out_of_range(sizes: tuple[int, int, int, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        gate(*sizes)


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("seed", -1, "seed: want at least 0, got -1"),
        ("rank", -1, "rank: want at least 0, got -1"),
        ("skew", -0.5, "skew: want finite and at least 0, got -0.5"),
        ("skew", float("nan"), "skew: want finite and at least 0, got nan"),
    ],
)
def test_gate_refuses_options_out_of_range(option: str, value: float, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        gate(4, 8, 4, 2, **{option: value})
