# SPDX-License-Identifier: Apache-2.0
"""Two ranks of the real torch_npu, which runs on the host device as it is.

aclnn-moe run -- python samples/torch_npu_ranks.py
"""

import tempfile

import torch
import torch.distributed as dist
import torch_npu
from torch.multiprocessing import Process

RANKS, BS, H, K, EXPERTS = 2, 4, 1024, 2, 4


def layer(rank, store):
    torch.npu.set_device(rank)
    dist.init_process_group("hccl", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    backend = dist.group.WORLD._get_backend(torch.device("npu"))
    group = {
        "group_ep": backend.get_hccl_comm_name(rank),
        "ep_world_size": RANKS,
        "ep_rank_id": rank,
        "moe_expert_num": EXPERTS,
    }
    torch.manual_seed(rank)
    x = torch.randn(BS, H, dtype=torch.bfloat16).npu()
    weights, ids = torch.rand(BS, EXPERTS).softmax(-1).topk(K)
    expert_ids, expert_scales = ids.int().npu(), weights.npu()
    gamma = torch.ones(H, dtype=torch.bfloat16).npu()

    rows, _, expand_idx, _, counts, _, _ = torch_npu.npu_moe_distribute_dispatch_v2(
        x, expert_ids, **group
    )
    expert_output = rows * 2  # every expert doubles its rows
    _, rstd, x_out = torch_npu.npu_moe_distribute_combine_add_rms_norm(
        expert_output, expert_ids, expand_idx, counts, expert_scales, x, gamma, **group
    )
    print(f"rank {rank}: x {tuple(x_out.shape)} {x_out.dtype}, rstd {rstd.cpu().flatten()}")
    dist.destroy_process_group()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        ranks = [Process(target=layer, args=(rank, f"{folder}/store")) for rank in range(RANKS)]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
