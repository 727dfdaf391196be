# SPDX-License-Identifier: Apache-2.0
"""What ranks run in processes of their own: a layer of torch operators, eager and otherwise."""

from __future__ import annotations

from typing import Any

import moe_layer
import numpy as np
import torch
from moe_layer import BF16, EXPERTS, RANKS

import aclnn_moe
import aclnn_moe.torch_library  # registers the operators
from aclnn_moe import World

Array = Any
OPS = torch.ops.aclnn_moe


def tensor(array: Array) -> torch.Tensor:
    """A torch tensor with memory of its own."""
    if array.dtype == BF16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def array(source: torch.Tensor) -> Array:
    """Numpy's view of a torch tensor."""
    if source.dtype == torch.bfloat16:
        return source.detach().view(torch.int16).numpy().view(BF16)
    return source.detach().numpy()


def tensors(rank: int) -> dict[str, torch.Tensor]:
    return {name: tensor(value) for name, value in moe_layer.given(rank).items()}


class Layer(torch.nn.Module):
    """Dispatch, experts that double, combine."""

    def __init__(self, group: str, rank: int) -> None:
        super().__init__()
        self.group, self.rank = group, rank
        self.gamma = torch.nn.Parameter(tensors(rank)["gamma"], requires_grad=False)

    def forward(
        self,
        x: torch.Tensor,
        expert_ids: torch.Tensor,
        expert_scales: torch.Tensor,
        residual_x: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        group = (self.group, RANKS, self.rank, EXPERTS)
        expand_x, _, expand_idx, nums, ep_recv_counts, _, _ = OPS.moe_distribute_dispatch_v2(
            x, expert_ids, *group, global_bs=x.shape[0] * RANKS
        )
        y, rstd, sums = OPS.moe_distribute_combine_add_rms_norm(
            expand_x * 2,
            expert_ids,
            expand_idx,
            ep_recv_counts,
            expert_scales,
            residual_x + 1,
            self.gamma,
            *group,
        )
        return y, rstd, sums, nums


def arguments(rank: int) -> tuple[torch.Tensor, ...]:
    source = tensors(rank)
    return tuple(source[n] for n in ("x", "expert_ids", "expert_scales", "residual_x"))


def by_functions(world: World) -> tuple[torch.Tensor, ...]:
    """The same layer through the package's functions."""
    source = tensors(world.rank)
    sent = aclnn_moe.moe_distribute_dispatch_v2(
        source["x"], source["expert_ids"], world.group, moe_expert_num=EXPERTS
    )
    back = aclnn_moe.moe_distribute_combine_add_rms_norm(
        sent.expand_x * 2,
        source["expert_ids"],
        sent.expand_idx,
        sent.ep_recv_counts,
        source["expert_scales"],
        source["residual_x"] + 1,
        source["gamma"],
        world.group,
        moe_expert_num=EXPERTS,
    )
    return (*back, sent.expert_token_nums)


def eager(world: World) -> list[bool]:
    """Run the layer's operators as they are."""
    layer = Layer(world.group.name, world.rank)
    got = layer(*arguments(world.rank))
    return _same(got, by_functions(world))


def compiled(world: World, backend: str, dynamic: bool) -> list[bool]:
    """Run the layer through torch.compile, twice."""
    layer = Layer(world.group.name, world.rank)
    fast = torch.compile(layer, fullgraph=True, backend=backend, dynamic=dynamic)
    wanted = by_functions(world)
    same = []
    for _ in range(2):
        same += _same(fast(*arguments(world.rank)), wanted)
    return same


def exported(world: World) -> tuple[list[bool], list[str]]:
    """Run the layer through torch.export; also returns the operators in its graph."""
    layer = Layer(world.group.name, world.rank)
    program = torch.export.export(layer, arguments(world.rank))
    got = program.module()(*arguments(world.rank))
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    return _same(got, by_functions(world)), [name for name in calls if "aclnn_moe" in name]


def checked(world: World) -> dict[str, str]:
    """Hold both operators against torch's own rules for operators."""
    source = tensors(world.rank)
    group = (world.group.name, RANKS, world.rank, EXPERTS)
    route = (source["x"], source["expert_ids"], *group)
    sent = OPS.moe_distribute_dispatch_v2(*route)
    told = {}
    for name, result in torch.library.opcheck(OPS.moe_distribute_dispatch_v2, route).items():
        told[f"dispatch: {name}"] = result
    back = (
        sent[0],
        source["expert_ids"],
        sent[2],
        sent[4],
        source["expert_scales"],
        source["residual_x"],
        source["gamma"],
        *group,
    )
    combine = OPS.moe_distribute_combine_add_rms_norm
    for name, result in torch.library.opcheck(combine, back).items():
        told[f"combine: {name}"] = result
    return told


def _same(got: tuple[torch.Tensor, ...], wanted: tuple[torch.Tensor, ...]) -> list[bool]:
    return [torch.equal(one, other) for one, other in zip(got, wanted, strict=True)]
