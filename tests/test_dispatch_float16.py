# SPDX-License-Identifier: Apache-2.0
"""dispatch takes float16 tokens too: rows go as they are, or quantised from their own values."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import MakeRanks
from moe_layer import EXPERTS, RANKS, given
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import reference


def tokens(rank: int) -> np.ndarray:
    """Float16 rows with subnormal numbers, the largest one, and zeros of both signs."""
    x = given(rank)["x"].astype(np.float16)
    x[0, :6] = [6e-8, -3e-5, 65504, 0.0, -0.0, -65504]
    return x


@pytest.mark.parametrize(("quant_mode", "smooth"), [(0, False), (2, False), (2, True)])
def test_float16_tokens_arrive_as_the_reference_says(
    thread_ranks: MakeRanks, quant_mode: int, smooth: bool
) -> None:
    scales = None
    if smooth:
        rng = np.random.default_rng(5)
        scales = rng.random((EXPERTS, tokens(0).shape[1]), np.float32) + 0.5

    def work(rank: ThreadRank) -> aclnn_moe.DispatchResult:
        return aclnn_moe.moe_distribute_dispatch_v2(
            tokens(rank.rank),
            given(rank.rank)["expert_ids"],
            rank.group,
            moe_expert_num=EXPERTS,
            quant_mode=quant_mode,
            scales=scales,
            stream=rank.stream,
        )

    config = reference.MoeConfig(ep_world_size=RANKS, moe_expert_num=EXPERTS, quant_mode=quant_mode)
    wanted = reference.dispatch(
        [
            reference.DispatchInput(
                x=tokens(rank), expert_ids=given(rank)["expert_ids"], scales=scales
            )
            for rank in range(RANKS)
        ],
        config,
    )
    for got, want in zip(thread_ranks(RANKS).run(work), wanted, strict=True):
        rows = int(want.ep_recv_counts[-1])
        assert got.expand_x.dtype == (np.int8 if quant_mode else np.float16)
        assert got.expand_x[:rows].tobytes() == want.expand_x[:rows].tobytes()
        if quant_mode:
            assert got.dynamic_scales[:rows].tobytes() == want.dynamic_scales[:rows].tobytes()
