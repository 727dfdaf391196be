# SPDX-License-Identifier: Apache-2.0
"""A layer with what the reference makes of it, and the operators run on it by one rank.

What is held: dispatch exactly, x bit for bit, rstd within 1e-6 relative (the order in which squares
are added is open), y within one bf16 unit (rstd's last bit can move a rounding).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import aclnn_moe
from aclnn_moe.buffer_size import required_buffer_mb
from aclnn_moe.reference import (
    Agreement,
    CombineInput,
    CombineOutput,
    DispatchInput,
    DispatchOutput,
    MoeConfig,
    combine_add_rms_norm,
    dispatch,
)
from aclnn_moe.workload import RankWorkload, Workload

if TYPE_CHECKING:
    from conftest import MakeRanks
    from thread_ranks import ThreadRank

Array = npt.NDArray[Any]
DEFAULT_BUFFER_MB = 200


@dataclass(frozen=True)
class Layer:
    """Inputs of all ranks and what the reference makes of them."""

    config: MoeConfig
    given: list[DispatchInput]
    delivered: list[DispatchOutput]
    returned: list[CombineInput]
    results: list[CombineOutput]


def layer(
    work: Workload,
    parts: Sequence[RankWorkload],
    *,
    config: MoeConfig | None = None,
    experts: Sequence[Array] | None = None,
    **more: Sequence[Array],
) -> Layer:
    """Run the reference; `more` gives further combine inputs, one per rank."""
    config = config or work.config
    given = [part.dispatch_input for part in parts]
    delivered = dispatch(given, config)
    returned = []
    for rank, (part, got) in enumerate(zip(parts, delivered, strict=True)):
        outputs = (
            experts[rank]
            if experts
            else work.run_experts(rank, got.expand_x, got.dynamic_scales, got.expert_token_nums)
        )
        own = {name: arrays[rank] for name, arrays in more.items()}
        returned.append(replace(part.combine_input(got, outputs), **own))
    results = combine_add_rms_norm(returned, config)
    return Layer(config, given, delivered, returned, results)


def run_dispatch(rank: ThreadRank | aclnn_moe.World, one: Layer) -> aclnn_moe.DispatchResult:
    given, config = one.given[rank.rank], one.config
    return aclnn_moe.moe_distribute_dispatch_v2(
        given.x,
        given.expert_ids,
        rank.group,
        moe_expert_num=config.moe_expert_num,
        scales=given.scales,
        quant_mode=config.quant_mode,
        global_bs=config.global_bs,
        expert_token_nums_type=config.expert_token_nums_type,
        stream=rank.stream,
    )


def run_combine(rank: ThreadRank | aclnn_moe.World, one: Layer) -> aclnn_moe.CombineResult:
    given, config = one.returned[rank.rank], one.config
    return aclnn_moe.moe_distribute_combine_add_rms_norm(
        given.expand_x,
        given.expert_ids,
        given.expand_idx,
        given.ep_send_counts,
        given.expert_scales,
        given.residual_x,
        given.gamma,
        rank.group,
        moe_expert_num=config.moe_expert_num,
        shared_expert_x=given.shared_expert_x,
        global_bs=config.global_bs,
        norm_eps=config.norm_eps,
        stream=rank.stream,
    )


def check_dispatch(rank: ThreadRank | aclnn_moe.World, one: Layer) -> None:
    """Compare all that means something: rows received, and every count."""
    got, want = run_dispatch(rank, one), one.delivered[rank.rank]
    row_num = want.row_num
    assert got.expand_x.dtype == want.expand_x.dtype
    assert got.expand_x.shape == want.expand_x.shape
    bits = np.int8 if want.expand_x.dtype == np.int8 else np.uint16
    np.testing.assert_array_equal(
        got.expand_x[:row_num].view(bits), want.expand_x[:row_num].view(bits)
    )
    np.testing.assert_array_equal(
        got.expand_idx[: row_num * 3], want.expand_idx[: row_num * 3], strict=True
    )
    np.testing.assert_array_equal(got.ep_recv_counts, want.ep_recv_counts, strict=True)
    np.testing.assert_array_equal(got.expert_token_nums, want.expert_token_nums, strict=True)
    if one.config.quant_mode:
        np.testing.assert_array_equal(
            got.dynamic_scales[:row_num], want.dynamic_scales[:row_num], strict=True
        )


def check_combine(rank: ThreadRank, one: Layer) -> None:
    agreement = Agreement.of(run_combine(rank, one), one.results[rank.rank])
    assert agreement.ok, f"rank {rank.rank}: {agreement}"


def check_layer(make: MakeRanks, one: Layer) -> None:
    """Run dispatch and combine on threads as ranks, and compare every rank."""
    config = one.config
    max_bs = max(len(given.x) for given in one.given)
    need = required_buffer_mb(
        bs=config.global_bs // config.ep_world_size or max_bs,
        h=one.given[0].x.shape[1],
        k=one.given[0].expert_ids.shape[1],
        moe_expert_num=config.moe_expert_num,
        ep_world_size=config.ep_world_size,
    )
    ranks = make(config.ep_world_size, need if need > DEFAULT_BUFFER_MB else None)
    ranks.run(lambda rank: check_dispatch(rank, one))
    ranks.run(lambda rank: check_combine(rank, one))


def bits(results: Sequence[Any]) -> list[bytes]:
    """All bytes of several ranks' results."""
    return [array.tobytes() for result in results for array in result]
