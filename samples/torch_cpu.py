# SPDX-License-Identifier: Apache-2.0
"""Two ranks on torch tensors, in one compiled graph: route, run the experts, combine."""

import torch

import aclnn_moe
import aclnn_moe.torch_library  # registers torch.ops.aclnn_moe

BS, H, K, EXPERTS = 4, 1024, 2, 4


class Layer(torch.nn.Module):
    def __init__(self, world):
        super().__init__()
        self.group = (world.group.name, world.size, world.rank, EXPERTS)

    def forward(self, x, expert_ids, expert_scales, gamma):
        expand_x, _, expand_idx, _, ep_recv_counts, _, _ = (
            torch.ops.aclnn_moe.moe_distribute_dispatch_v2(x, expert_ids, *self.group)
        )
        expert_output = torch.nn.functional.silu(expand_x)
        return torch.ops.aclnn_moe.moe_distribute_combine_add_rms_norm(
            expert_output,
            expert_ids,
            expand_idx,
            ep_recv_counts,
            expert_scales,
            x,
            gamma,
            *self.group,
        )


def compare(world):
    torch.manual_seed(world.rank)
    x = torch.randn(BS, H, dtype=torch.bfloat16)
    gate = torch.randn(BS, EXPERTS).softmax(dim=1)
    expert_scales, expert_ids = gate.topk(K, dim=1)
    arguments = (x, expert_ids.int(), expert_scales, torch.ones(H, dtype=torch.bfloat16))
    layer = Layer(world)
    y, rstd, _ = layer(*arguments)
    compiled = torch.compile(layer, fullgraph=True)(*arguments)
    return y.shape, y.dtype, torch.equal(rstd, compiled[1]), torch.equal(y, compiled[0])


if __name__ == "__main__":
    for rank, (shape, dtype, *same) in enumerate(aclnn_moe.launch(compare, 2)):
        print(f"rank {rank}: y {tuple(shape)} {dtype}, compiled gives the same: {all(same)}")
