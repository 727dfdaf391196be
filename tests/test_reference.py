# SPDX-License-Identifier: Apache-2.0
"""The oracle against plain arithmetic, and properties that must hold."""

from __future__ import annotations

import numpy as np
import pytest
from reference_cases import BF16

from aclnn_moe.reference import combine_add_rms_norm, dispatch
from aclnn_moe.workload import Workload


@pytest.mark.parametrize("quant_mode", [0, 2])
@pytest.mark.parametrize("skew", [0.0, 4.0])
@pytest.mark.parametrize("shape", [(2, 1, 1, 2), (3, 7, 8, 9), (8, 5, 16, 64)])
def test_layer_is_plain_arithmetic_within_rounding(
    quant_mode: int, skew: float, shape: tuple[int, int, int, int]
) -> None:
    """residual + sum of scale * factor * token, in float64, without any dispatching."""
    ep, bs, k, experts = shape
    work = Workload(
        ep_world_size=ep,
        bs=bs,
        hidden=32,
        k=k,
        moe_expert_num=experts,
        quant_mode=quant_mode,
        skew=skew,
        seed=5,
    )
    parts = [work.rank(rank) for rank in range(ep)]
    _, results = work.reference(parts)
    for part, result in zip(parts, results, strict=True):
        x = part.x.astype(np.float64)
        weight = (part.expert_scales * (0.5 + part.expert_ids / experts)).sum(axis=1, keepdims=True)
        want = part.residual_x[:, 0].astype(np.float64) + weight * x
        got = result.x[:, 0].astype(np.float64)
        # Rounding to bf16 moves a number by up to 2**-8 of itself: each expert's output, and x.
        # An int8 row is off by up to half a step of max|x| / 127 before that.
        half_step = np.abs(x).max(axis=1, keepdims=True) / 254 if quant_mode else 0
        bound = weight * (half_step + 2**-8 * (np.abs(x) + half_step)) + 2**-8 * np.abs(got)
        # What float32 adds to that.
        assert (np.abs(got - want) <= bound + 1e-6).all()
        rstd = 1 / np.sqrt(np.square(want).mean(axis=1) + 1e-6)
        np.testing.assert_allclose(result.rstd_out.ravel(), rstd, rtol=2**-6)


@pytest.mark.parametrize("skew", [0.0, 2.0])
@pytest.mark.parametrize(("ep", "k", "experts"), [(2, 4, 8), (4, 8, 16), (7, 3, 21)])
def test_triples_and_positions_lead_every_row_home(
    ep: int, k: int, experts: int, skew: float
) -> None:
    work = Workload(ep_world_size=ep, bs=11, hidden=16, k=k, moe_expert_num=experts, skew=skew)
    parts = [work.rank(rank) for rank in range(ep)]
    got = dispatch([part.dispatch_input for part in parts], work.config)
    old = dispatch([part.dispatch_input for part in parts], work.config, layout="V1")
    per_rank = experts // ep
    seen = set()
    for rank, one in enumerate(got):
        triples = one.expand_idx[: one.row_num * 3].reshape(-1, 3)
        local = np.repeat(np.arange(per_rank), one.expert_token_nums)
        assert one.expert_token_nums.sum() == one.ep_recv_counts[-1] == one.row_num
        keys = []
        for row, (source, token, slot) in enumerate(triples.tolist()):
            np.testing.assert_array_equal(one.expand_x[row], parts[source].x[token])
            assert parts[source].expert_ids[token, slot] == rank * per_rank + local[row]
            keys.append((local[row], source, token * k + slot))
            block = local[row] * ep + source
            start = one.ep_recv_counts[block - 1] if block else 0
            assert start + old[source].expand_idx[token * k + slot] == row
        assert keys == sorted(keys)
        seen.update((source, token, slot) for source, token, slot in triples.tolist())
    assert len(seen) == ep * 11 * k


def test_layouts_give_the_same_combine() -> None:
    work = Workload(ep_world_size=4, bs=9, hidden=32, k=6, moe_expert_num=12, skew=1.5)
    parts = [work.rank(rank) for rank in range(4)]
    given = [part.dispatch_input for part in parts]
    results = [
        combine_add_rms_norm(
            [
                part.combine_input(one, one.expand_x)
                for part, one in zip(
                    parts, dispatch(given, work.config, layout=layout), strict=True
                )
            ],
            work.config,
        )
        for layout in ("V1", "V2")
    ]
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one.y, other.y)
        np.testing.assert_array_equal(one.x, other.x)


def test_combine_equals_a_loop_over_single_float32_numbers() -> None:
    """The same steps written for one element at a time, as the specification has them."""
    work = Workload(ep_world_size=3, bs=4, hidden=8, k=5, moe_expert_num=9, seed=3)
    parts = [work.rank(rank) for rank in range(3)]
    _, results = work.reference(parts)
    for part, result in zip(parts, results, strict=True):
        for token in range(4):
            for element in range(8):
                acc = np.float32(0)
                for choice in range(5):
                    factor = np.float32(0.5 + part.expert_ids[token, choice] / 9)
                    row = (np.float32(part.x[token, element]) * factor).astype(BF16)
                    acc = acc + part.expert_scales[token, choice] * np.float32(row)
                acc = acc + np.float32(part.residual_x[token, 0, element])
                assert result.x[token, 0, element] == acc.astype(BF16)
