# SPDX-License-Identifier: Apache-2.0
"""A made-up MoE layer, so that the operators have something to do: tokens, routing, experts.

Everything follows from the seed, so each rank can make its own part and a bystander all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aclnn_moe.reference import (
    CombineInput,
    CombineOutput,
    DispatchInput,
    DispatchOutput,
    MoeConfig,
    combine_add_rms_norm,
    dispatch,
)
from aclnn_moe.reference.rounding import BF16, to_bf16, to_f32
from aclnn_moe.routing import gate

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Sizes of the layer and the seed of its numbers.

    Attributes
    ----------
    ep_world_size, bs, hidden, k, moe_expert_num : int
        Ranks, tokens per rank, size of a token, experts per token, routed experts.
    quant_mode : int
        0: rows travel as bfloat16. 2: as int8 with dynamic scales.
    smooth : bool
        With quant_mode 2: dispatch gets smoothing factors per expert.
    seed : int
        What all numbers follow from.
    skew : float
        How uneven the load of the experts is; see `aclnn_moe.routing.gate`.
    """

    ep_world_size: int
    bs: int
    hidden: int
    k: int
    moe_expert_num: int
    quant_mode: int = 0
    smooth: bool = False
    seed: int = 0
    skew: float = 1.0

    @property
    def config(self) -> MoeConfig:
        """Attributes of the calls, for the reference."""
        return MoeConfig(
            ep_world_size=self.ep_world_size,
            moe_expert_num=self.moe_expert_num,
            quant_mode=self.quant_mode,
        )

    def rank(self, rank: int) -> RankWorkload:
        """Make the part of one rank."""
        routing = gate(
            self.bs,
            self.hidden,
            self.moe_expert_num,
            self.k,
            seed=self.seed,
            rank=rank,
            skew=self.skew,
        )
        own = np.random.default_rng([self.seed, 2, rank])
        shared = np.random.default_rng([self.seed, 3])
        gamma = (1 + shared.standard_normal(self.hidden) / 8).astype(np.float32)
        scales = None
        if self.smooth:
            shape = (self.moe_expert_num, self.hidden)
            scales = np.exp(shared.standard_normal(shape) / 4).astype(np.float32)
        return RankWorkload(
            x=to_bf16(own.standard_normal((self.bs, self.hidden), np.float32)),
            expert_ids=routing.expert_ids,
            expert_scales=routing.expert_scales,
            residual_x=to_bf16(own.standard_normal((self.bs, 1, self.hidden), np.float32)),
            gamma=to_bf16(gamma),
            scales=scales,
        )

    def run_experts(
        self, rank: int, expand_x: Array, dynamic_scales: Array, expert_token_nums: Array
    ) -> Array:
        """Stand in for the experts of `rank`: each multiplies its rows by a factor of its own.

        Parameters
        ----------
        rank : int
            Whose experts.
        expand_x : bfloat16 or int8, (A, H)
            What dispatch delivered.
        dynamic_scales : float32, (A,)
            Used when `expand_x` is int8.
        expert_token_nums : int64, (local experts,)
            Rows of each expert.

        Returns
        -------
        bfloat16, (A, H)
            Zero behind the rows that were delivered.
        """
        outputs = np.zeros(expand_x.shape, BF16)
        local_expert_num = len(expert_token_nums)
        stop = np.cumsum(expert_token_nums).tolist()
        for local_expert, start in enumerate([0, *stop[:-1]]):
            rows = slice(start, stop[local_expert])
            expert = rank * local_expert_num + local_expert
            factor = np.float32(0.5 + expert / self.moe_expert_num)
            values = to_f32(expand_x[rows])
            if expand_x.dtype == np.int8:
                values = values * dynamic_scales[rows, None]
            outputs[rows] = to_bf16(values * factor)
        return outputs

    def reference(
        self, parts: Sequence[RankWorkload] | None = None
    ) -> tuple[list[DispatchOutput], list[CombineOutput]]:
        """Run the whole layer through the reference, for all ranks."""
        parts = parts or [self.rank(rank) for rank in range(self.ep_world_size)]
        config = self.config
        delivered = dispatch([part.dispatch_input for part in parts], config)
        returned = [
            part.combine_input(
                got,
                self.run_experts(rank, got.expand_x, got.dynamic_scales, got.expert_token_nums),
            )
            for rank, (part, got) in enumerate(zip(parts, delivered, strict=True))
        ]
        return delivered, combine_add_rms_norm(returned, config)


@dataclass(frozen=True, kw_only=True)
class RankWorkload:
    """One rank's tensors; shapes and dtypes as in `DispatchInput` and `CombineInput`."""

    x: Array
    expert_ids: Array
    expert_scales: Array
    residual_x: Array
    gamma: Array
    scales: Array | None

    @property
    def dispatch_input(self) -> DispatchInput:
        """Return what the rank gives to dispatch."""
        return DispatchInput(x=self.x, expert_ids=self.expert_ids, scales=self.scales)

    def combine_input(self, delivered: DispatchOutput, expert_outputs: Array) -> CombineInput:
        """Return what the rank gives to combine."""
        return CombineInput(
            expand_x=expert_outputs,
            expert_ids=self.expert_ids,
            expand_idx=delivered.expand_idx,
            ep_send_counts=delivered.ep_recv_counts,
            expert_scales=self.expert_scales,
            residual_x=self.residual_x,
            gamma=self.gamma,
        )
