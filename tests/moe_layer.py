# SPDX-License-Identifier: Apache-2.0
"""A small layer over two ranks, through both operators, and what the reference makes of it."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import DeviceArray, asarray, reference

Array = npt.NDArray[Any]
BF16 = ml_dtypes.bfloat16
RANKS, BS, K, H, EXPERTS = 2, 5, 3, 1024, 8
CONFIG = reference.MoeConfig(ep_world_size=RANKS, moe_expert_num=EXPERTS)


def given(rank: int) -> dict[str, Array]:
    """One rank's tokens, routing and weights."""
    rng = np.random.default_rng(100 + rank)
    ids = np.argsort(rng.random((BS, EXPERTS)), axis=1)[:, :K]
    return {
        "x": rng.standard_normal((BS, H), np.float32).astype(BF16),
        "expert_ids": ids.astype(np.int32),
        "expert_scales": rng.random((BS, K), np.float32),
        "residual_x": rng.standard_normal((BS, 1, H), np.float32).astype(BF16),
        "gamma": rng.standard_normal(H, np.float32).astype(BF16),
    }


def route(rank: ThreadRank, source: dict[str, Any], **more: Any) -> aclnn_moe.DispatchResult:
    return aclnn_moe.moe_distribute_dispatch_v2(
        source["x"],
        source["expert_ids"],
        rank.group,
        moe_expert_num=EXPERTS,
        stream=rank.stream,
        **more,
    )


def bring_back(
    rank: ThreadRank, source: dict[str, Any], sent: aclnn_moe.DispatchResult, **more: Any
) -> aclnn_moe.CombineResult:
    options: dict[str, Any] = {"moe_expert_num": EXPERTS, "stream": rank.stream} | more
    return aclnn_moe.moe_distribute_combine_add_rms_norm(
        sent.expand_x,
        source["expert_ids"],
        sent.expand_idx,
        sent.ep_recv_counts,
        source["expert_scales"],
        source["residual_x"],
        source["gamma"],
        rank.group,
        **options,
    )


def wanted() -> tuple[list[reference.DispatchOutput], list[reference.CombineOutput]]:
    sources = [given(rank) for rank in range(RANKS)]
    sent = reference.dispatch(
        [reference.DispatchInput(x=s["x"], expert_ids=s["expert_ids"]) for s in sources], CONFIG
    )
    back = reference.combine_add_rms_norm(
        [
            reference.CombineInput(
                expand_x=out.expand_x,
                expert_ids=s["expert_ids"],
                expand_idx=out.expand_idx,
                ep_send_counts=out.ep_recv_counts,
                expert_scales=s["expert_scales"],
                residual_x=s["residual_x"],
                gamma=s["gamma"],
            )
            for s, out in zip(sources, sent, strict=True)
        ],
        CONFIG,
    )
    return sent, back


def check_combine(rank: int, got: Any) -> None:
    agreement = reference.Agreement.of(got, wanted()[1][rank])
    assert agreement.ok, f"rank {rank}: {agreement}"


def on_device(source: dict[str, Array], device: int) -> dict[str, DeviceArray]:
    return {name: asarray(array, device) for name, array in source.items()}
