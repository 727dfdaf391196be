# SPDX-License-Identifier: Apache-2.0
"""Two ranks send tokens to four experts and get them back combined, with numpy arrays."""

import ml_dtypes
import numpy as np

import aclnn_moe

BS, H, K, EXPERTS = 4, 1024, 2, 4


def layer(world):
    rng = np.random.default_rng(world.rank)
    x = rng.standard_normal((BS, H)).astype(ml_dtypes.bfloat16)
    expert_ids = np.array([rng.permutation(EXPERTS)[:K] for _ in range(BS)], dtype=np.int32)
    expert_scales = rng.random((BS, K), dtype=np.float32)
    gamma = np.ones(H, dtype=ml_dtypes.bfloat16)

    sent = aclnn_moe.moe_distribute_dispatch_v2(x, expert_ids, world.group, moe_expert_num=EXPERTS)
    expert_output = sent.expand_x * ml_dtypes.bfloat16(2)  # every expert doubles its rows
    result = aclnn_moe.moe_distribute_combine_add_rms_norm(
        expert_output,
        expert_ids,
        sent.expand_idx,
        sent.ep_recv_counts,
        expert_scales,
        residual_x=x,
        gamma=gamma,
        group_ep=world.group,
        moe_expert_num=EXPERTS,
    )
    return result.x, result.rstd_out


if __name__ == "__main__":
    for rank, (x, rstd) in enumerate(aclnn_moe.launch(layer, 2)):
        print(f"rank {rank}: x {x.shape} {x.dtype}, rstd {rstd.ravel()}")
