# SPDX-License-Identifier: Apache-2.0
"""The single-op sample's calls and sizes, with the values checked on every rank.

Run by test_seed: 16 ranks, int8 rows from dispatch V1 with smoothing factors, turned into bf16 by
``.to()``, combined, added and normalised.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.distributed as dist
import torch_npu
from npu_ranks import BF16, name_of, run_ranks, to_npu, to_numpy

from aclnn_moe.reference import (
    Agreement,
    CombineOutput,
    DispatchOutput,
    combine_add_rms_norm,
    dispatch,
)
from aclnn_moe.workload import RankWorkload, Workload

WORK = Workload(
    ep_world_size=16, bs=8, hidden=7168, k=8, moe_expert_num=32, quant_mode=2, smooth=True
)


def rank_main(
    rank: int,
    parts: list[RankWorkload],
    delivered: list[DispatchOutput],
    results: list[CombineOutput],
) -> None:
    own = parts[rank]
    ep_group = dist.new_group(range(WORK.ep_world_size), backend="hccl")
    # The sample makes groups of one for TP, and passes their names although there is no TP.
    tp_groups = [dist.new_group([member], backend="hccl") for member in range(WORK.ep_world_size)]
    shared = {
        "group_ep": name_of(ep_group, rank),
        "group_tp": name_of(tp_groups[rank], rank),
        "ep_world_size": WORK.ep_world_size,
        "tp_world_size": 1,
        "ep_rank_id": rank,
        "tp_rank_id": 0,
        "expert_shard_type": 0,
        "shared_expert_rank_num": 0,
        "moe_expert_num": WORK.moe_expert_num,
        "global_bs": WORK.bs * WORK.ep_world_size,
    }
    expert_ids = to_npu(own.expert_ids)
    expand_x, dynamic_scales, expand_idx, token_nums, ep_counts, tp_counts, _ = (
        torch_npu.npu_moe_distribute_dispatch(
            x=to_npu(own.x),
            expert_ids=expert_ids,
            scales=to_npu(own.scales),
            quant_mode=WORK.quant_mode,
            **shared,
        )
    )
    want = delivered[rank]
    rows = want.row_num
    np.testing.assert_array_equal(to_numpy(expand_x)[:rows], want.expand_x[:rows])
    np.testing.assert_array_equal(to_numpy(dynamic_scales)[:rows], want.dynamic_scales[:rows])
    np.testing.assert_array_equal(to_numpy(token_nums), want.expert_token_nums)
    np.testing.assert_array_equal(to_numpy(ep_counts), want.ep_recv_counts)

    y, rstd_out, x = torch_npu.npu_moe_distribute_combine_add_rms_norm(
        expand_x=expand_x.to(torch.bfloat16),
        expert_ids=expert_ids,
        expand_idx=expand_idx,
        ep_send_counts=ep_counts,
        tp_send_counts=tp_counts,
        expert_scales=to_npu(own.expert_scales),
        residual_x=to_npu(own.residual_x),
        gamma=to_npu(own.gamma),
        shared_expert_num=0,
        norm_eps=1e-6,
        **shared,
    )
    got = CombineOutput(y=to_numpy(y), rstd_out=to_numpy(rstd_out), x=to_numpy(x))
    agreement = Agreement.of(got, results[rank])
    assert agreement.ok, f"rank {rank}: {agreement}"
    print(f"rank {rank}: {rows} rows, {agreement}", flush=True)


if __name__ == "__main__":
    parts = [WORK.rank(rank) for rank in range(WORK.ep_world_size)]
    delivered = dispatch([part.dispatch_input for part in parts], WORK.config)
    returned = [
        part.combine_input(got, got.expand_x.astype(np.float32).astype(BF16))
        for part, got in zip(parts, delivered, strict=True)
    ]
    results = combine_add_rms_norm(returned, WORK.config)
    run_ranks(WORK.ep_world_size, rank_main, parts, delivered, results)
