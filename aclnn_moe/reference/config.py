# SPDX-License-Identifier: Apache-2.0
"""The attributes that every rank of a call shares, and the rules between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

QUANT_NONE = 0
QUANT_DYNAMIC = 2
QUANT_COMM_INT8 = 2
COUNTS_RUNNING = 0
COUNTS_EACH = 1


@dataclass(frozen=True, kw_only=True)
class MoeConfig:
    """Attributes of dispatch and combine; names and defaults are those of the operators.

    Parameters
    ----------
    ep_world_size : int
        Ranks of the expert parallel group.
    moe_expert_num : int
        Routed experts over all ranks; a multiple of ``ep_world_size - shared_expert_rank_num``.
    tp_world_size : int
        0 or 1: no tensor parallelism. 2: ranks come in pairs that hold halves of the same expert.
    shared_expert_num, shared_expert_rank_num : int
        Shared experts, and the first ranks of the group, which hold nothing else.
    global_bs : int
        Largest batch size of any rank times `ep_world_size`; 0 when all ranks have the same.
    quant_mode : int
        Dispatch: 0 sends rows as they are, 2 as int8 with one scale per row.
    expert_token_nums_type : int
        Dispatch: 1 counts rows per local expert, 0 gives running totals.
    comm_quant_mode : int
        Combine: 0 sends rows as they are, 2 as int8 with one scale per block of 8.
    norm_eps : float
        Combine: added to the mean of squares.
    zero_expert_num, copy_expert_num, const_expert_num : int
        Special experts, in this order after the routed ones.
    """

    ep_world_size: int
    moe_expert_num: int
    tp_world_size: int = 0
    shared_expert_num: int = 1
    shared_expert_rank_num: int = 0
    global_bs: int = 0
    quant_mode: int = QUANT_NONE
    expert_token_nums_type: int = COUNTS_EACH
    comm_quant_mode: int = QUANT_NONE
    norm_eps: float = 1e-6
    zero_expert_num: int = 0
    copy_expert_num: int = 0
    const_expert_num: int = 0

    def __post_init__(self) -> None:
        """Check each attribute, then the rules between them."""
        at_least = {
            "ep_world_size": 2,
            "moe_expert_num": 1,
            "shared_expert_num": 0,
            "shared_expert_rank_num": 0,
            "global_bs": 0,
            "zero_expert_num": 0,
            "copy_expert_num": 0,
            "const_expert_num": 0,
        }
        for name, low in at_least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name}: want at least {low}, got {getattr(self, name)}")
        one_of = {
            "tp_world_size": (0, 1, 2),
            "quant_mode": (QUANT_NONE, QUANT_DYNAMIC),
            "expert_token_nums_type": (COUNTS_RUNNING, COUNTS_EACH),
            "comm_quant_mode": (QUANT_NONE, QUANT_COMM_INT8),
        }
        for name, allowed in one_of.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: want one of {allowed}, got {getattr(self, name)}")
        if not (math.isfinite(self.norm_eps) and self.norm_eps >= 0):
            raise ValueError(f"norm_eps: want finite and >= 0, got {self.norm_eps}")
        self._check_shared_experts()
        moe_ranks = self.ep_world_size - self.shared_expert_rank_num
        if self.moe_expert_num % moe_ranks:
            raise ValueError(
                f"moe_expert_num: want a multiple of ep_world_size - shared_expert_rank_num = "
                f"{moe_ranks}, got {self.moe_expert_num}"
            )
        if self.global_bs % self.ep_world_size:
            raise ValueError(
                f"global_bs: want a multiple of ep_world_size = {self.ep_world_size}, "
                f"got {self.global_bs}"
            )
        if self.pair_size == 2:
            if self.moe_expert_num != moe_ranks:
                raise ValueError(
                    f"tp_world_size 2 wants one expert per rank, got moe_expert_num "
                    f"{self.moe_expert_num} on {moe_ranks} ranks"
                )
            if self.comm_quant_mode != QUANT_NONE:
                raise ValueError(
                    f"tp_world_size 2 wants comm_quant_mode 0, got {self.comm_quant_mode}"
                )

    def _check_shared_experts(self) -> None:
        ranks = self.shared_expert_rank_num
        if ranks >= self.ep_world_size:
            raise ValueError(
                f"shared_expert_rank_num: want below ep_world_size = {self.ep_world_size}, "
                f"got {ranks}"
            )
        if ranks == 0 and self.shared_expert_num > 1:
            raise ValueError(
                f"shared_expert_num: want 0 or 1 when shared_expert_rank_num is 0, "
                f"got {self.shared_expert_num}"
            )
        if ranks and (self.shared_expert_num == 0 or ranks % self.shared_expert_num):
            raise ValueError(
                f"shared_expert_rank_num: want a multiple of shared_expert_num = "
                f"{self.shared_expert_num}, got {ranks}"
            )

    @property
    def pair_size(self) -> int:
        """Ranks that share one place of the expert parallel group: 2 with TP, else 1."""
        return max(self.tp_world_size, 1)

    @property
    def world_size(self) -> int:
        """All ranks; number ``ep_rank * pair_size + tp_rank`` in lists of ranks."""
        return self.ep_world_size * self.pair_size

    @property
    def special_expert_num(self) -> int:
        """Experts that are computed where the token is."""
        return self.zero_expert_num + self.copy_expert_num + self.const_expert_num
