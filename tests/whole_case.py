# SPDX-License-Identifier: Apache-2.0
"""Whole valid configurations of the operator, drawn over all its features together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from whole_features import feature_sets

from aclnn_moe.reference import MoeConfig
from aclnn_moe.reference.topology import Topology

Array = npt.NDArray[Any]
# Inputs whose values may be the same along the first axis, so that its stride can be 0.
BROADCASTABLE = (
    "x",
    "expert_ids",
    "scales",
    "x_active_mask",
    "expert_scales",
    "residual_x",
    "gamma",
    "expand_x",
    "shared_expert_x",
    "ori_x",
    "const_expert_alpha_1",
    "const_expert_alpha_2",
    "const_expert_v",
)
STRIDABLE = (*BROADCASTABLE, "expand_idx", "ep_send_counts", "tp_send_counts", "elastic_info")


@dataclass(frozen=True)
class Case:
    """A configuration without its numbers, which follow from `seed`."""

    features: frozenset[str]
    config: MoeConfig
    elastic_info: tuple[int, ...] | None
    batches: tuple[int, ...]  # of each rank that is left; with TP both of a pair
    hidden: int
    k: int
    usable_ids: tuple[int, ...]
    popular: int  # tokens choose among so many of the usable ids
    mask_dims: int
    alpha_dims: int
    flat_residual: bool
    smooth: bool
    placement: dict[str, str]  # input: "gaps" or "broadcast"
    seed: int

    def has(self, feature: str) -> bool:
        return feature in self.features

    @property
    def topology(self) -> Topology:
        return Topology.of(self.config, self.elastic_array)

    @property
    def elastic_array(self) -> Array | None:
        return None if self.elastic_info is None else np.array(self.elastic_info, np.int32)

    @property
    def layout(self) -> str:
        return "V1" if self.has("dispatch_v1") else "V2"

    def is_broadcast(self, name: str) -> bool:
        return self.placement.get(name) == "broadcast"


@st.composite
def cases(draw: st.DrawFn, always: str) -> Case:
    """Draw a configuration that has the feature `always`."""
    features = draw(feature_sets(always))
    config = draw(_configs(features))
    info = draw(_elastic_infos(config)) if "elastic" in features else None
    topology = Topology.of(config, None if info is None else np.array(info, np.int32))
    first = config.moe_expert_num
    usable = (
        *range(topology.moe_expert_num),
        *range(first, first + config.special_expert_num),
    )
    k = draw(st.integers(1, min(16, len(usable))))
    max_bs = config.global_bs // config.ep_world_size or draw(st.integers(1, 5))
    rank_num = topology.size * config.pair_size
    batches = [max_bs] * rank_num
    if "ragged_batches" in features:
        batches = draw(st.lists(st.integers(1, max_bs), min_size=rank_num, max_size=rank_num))
    placement = {}
    if "strided" in features:
        placement = {
            name: draw(st.sampled_from(["gaps", "broadcast"])) if name in BROADCASTABLE else "gaps"
            for name in draw(st.sets(st.sampled_from(STRIDABLE), min_size=1))
        }
    return Case(
        features=features,
        config=config,
        elastic_info=info,
        batches=tuple(batches),
        hidden=1024 + 32 * draw(st.integers(0, 2)),
        k=k,
        usable_ids=usable,
        popular=draw(st.integers(k, len(usable))),
        mask_dims=draw(st.sampled_from([1, 2])) if "masks" in features else 0,
        alpha_dims=draw(st.sampled_from([1, 2])),
        flat_residual=draw(st.booleans()),
        smooth="quant" in features and draw(st.booleans()),
        placement=placement,
        seed=draw(st.integers(0, 1 << 16)),
    )


@st.composite
def _configs(draw: st.DrawFn, features: frozenset[str]) -> MoeConfig:
    ep = draw(st.integers(3 if features & {"elastic", "shared_ranks"} else 2, 6))
    shared_num, shared_ranks = draw(st.integers(0, 1)), 0
    if "shared_ranks" in features:
        shared_num, copies = draw(
            st.sampled_from(
                [
                    (num, copies)
                    for num in range(1, 5)
                    for copies in range(1, ep)
                    if num * copies < ep
                ]
            )
        )
        shared_ranks = shared_num * copies
    local = 1 if "tp" in features else draw(st.integers(1, 4))
    special = (0, 0, 0)
    if "special_experts" in features:
        special = draw(st.tuples(*[st.integers(0, 2)] * 3).filter(any))
    return MoeConfig(
        ep_world_size=ep,
        moe_expert_num=local * (ep - shared_ranks),
        tp_world_size=2 if "tp" in features else draw(st.integers(0, 1)),
        shared_expert_num=shared_num,
        shared_expert_rank_num=shared_ranks,
        global_bs=ep * draw(st.integers(1, 5)) if "ragged_batches" in features else 0,
        quant_mode=2 if "quant" in features else 0,
        expert_token_nums_type=draw(st.integers(0, 1)),
        comm_quant_mode=2 if "comm_quant" in features else 0,
        norm_eps=draw(st.sampled_from([1e-6, 0.5, 1e-12])),
        zero_expert_num=special[0],
        copy_expert_num=special[1],
        const_expert_num=special[2],
    )


@st.composite
def _elastic_infos(draw: st.DrawFn, config: MoeConfig) -> tuple[int, ...]:
    """Draw who is left; ranks without a new number are gone."""
    size = config.ep_world_size
    whole = Topology.of(config)
    shared = whole.shared_expert_num
    left = draw(st.integers(max(2, shared + 1), size))
    original_of = draw(st.permutations(range(size)))[:left]
    if draw(st.booleans()):
        original_of = sorted(original_of)
    if left == size and draw(st.booleans()):
        # Not scaled down: the rest of the tensor means nothing.
        return (0, *[-1] * (3 + 2 * size))
    shared_left = shared and shared * draw(st.integers(1, (left - 1) // shared))
    experts_left = draw(st.integers(1, whole.experts_per_rank)) * (left - shared_left)
    experts_left = min(
        experts_left, config.moe_expert_num // (left - shared_left) * (left - shared_left)
    )
    if experts_left == 0:
        # More MoE ranks than experts: let the ranks keep their parts instead.
        shared_left = config.shared_expert_rank_num
        original_of, left = list(range(size)), size
        experts_left = config.moe_expert_num
    new_of = [original_of.index(rank) if rank in original_of else -1 for rank in range(size)]
    tables = [*new_of, *original_of, *[-1] * (size - left)]
    return (1, left, shared_left, experts_left, *tables)
