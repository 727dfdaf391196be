# SPDX-License-Identifier: Apache-2.0
"""Ranks that torchrun starts: torchrun --nproc-per-node 2 samples/torchrun_ranks.py."""

import torch

import aclnn_moe

BS, H, K, EXPERTS = 4, 1024, 2, 8


def main():
    with aclnn_moe.World.from_env() as world:
        torch.manual_seed(world.rank)
        x = torch.randn(BS, H, dtype=torch.bfloat16)
        expert_ids = torch.rand(BS, EXPERTS).argsort(dim=1)[:, :K].int()
        expert_scales = torch.full((BS, K), 1 / K)

        sent = aclnn_moe.moe_distribute_dispatch_v2(
            x, expert_ids, world.group, moe_expert_num=EXPERTS
        )
        back = aclnn_moe.moe_distribute_combine_add_rms_norm(
            sent.expand_x,  # every expert returns what it got
            expert_ids,
            sent.expand_idx,
            sent.ep_recv_counts,
            expert_scales,
            residual_x=x,
            gamma=torch.ones(H, dtype=torch.bfloat16),
            group_ep=world.group,
            moe_expert_num=EXPERTS,
        )
        # Halves of a token and the token itself: exactly twice the token.
        print(f"rank {world.rank} of {world.size}: {torch.equal(back.x[:, 0], x * 2)}", flush=True)


if __name__ == "__main__":
    main()
