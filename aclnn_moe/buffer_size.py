# SPDX-License-Identifier: Apache-2.0
"""How large the exchange buffer of a communicator must be for a setting of the operator."""

from __future__ import annotations

from dataclasses import dataclass

_MEGABYTE = 1 << 20

# Window: every row carries its token's index and flags; both parts are double-buffered.
_ROW_ALIGN_BYTES = 32
_ROW_TAIL_BYTES = 64
_SLOT_ALIGN_BYTES = 512
_HALVES = 2
_BF16_BYTES = 2


@dataclass(frozen=True)
class Sizes:
    """A setting of the operator, for which the exchange buffer is computed.

    Attributes
    ----------
    bs
        Tokens of the rank that has most.
    h, k
        Hidden size, and experts per token.
    moe_expert_num, ep_world_size
        Experts, and ranks.
    shared_expert_num, shared_expert_rank_num
        Shared experts, and the ranks that hold them.
    """

    bs: int
    h: int
    k: int
    moe_expert_num: int
    ep_world_size: int
    shared_expert_num: int = 1
    shared_expert_rank_num: int = 0

    def required_buffer_mb(self) -> int:
        """Megabytes that HCCL_BUFFSIZE must have at least.

        Raises
        ------
        ValueError
            A number is out of its range.
        """
        for name in ("bs", "h", "k", "moe_expert_num", "ep_world_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: want at least 1")
        if self.shared_expert_num < 0:
            raise ValueError(f"shared_expert_num is {self.shared_expert_num}: want at least 0")
        if not 0 <= self.shared_expert_rank_num < self.ep_world_size:
            raise ValueError(
                f"shared_expert_rank_num is {self.shared_expert_rank_num}: want 0 to "
                f"{self.ep_world_size - 1} with ep_world_size {self.ep_world_size}"
            )
        moe_ranks = self.ep_world_size - self.shared_expert_rank_num
        if self.moe_expert_num % moe_ranks:
            raise ValueError(
                f"moe_expert_num is {self.moe_expert_num}: want a multiple of {moe_ranks}, the "
                "ranks that hold MoE experts"
            )
        local_experts = self.moe_expert_num // moe_ranks
        # Without shared-expert ranks one shared expert means none.
        shared = self.shared_expert_num if self.shared_expert_rank_num else 0
        row = _aligned(_BF16_BYTES * self.h, _ROW_ALIGN_BYTES) + _ROW_TAIL_BYTES
        sent = local_experts * self.bs * self.ep_world_size * _aligned(row, _SLOT_ALIGN_BYTES)
        back = (self.k + shared) * self.bs * _aligned(_BF16_BYTES * self.h, _SLOT_ALIGN_BYTES)
        return -(-_HALVES * (sent + back) // _MEGABYTE)


def required_buffer_mb(
    *,
    bs: int,
    h: int,
    k: int,
    moe_expert_num: int,
    ep_world_size: int,
    shared_expert_num: int = 1,
    shared_expert_rank_num: int = 0,
) -> int:
    """Return the megabytes that HCCL_BUFFSIZE must have at least for a setting; see `Sizes`."""
    sizes = Sizes(
        bs, h, k, moe_expert_num, ep_world_size, shared_expert_num, shared_expert_rank_num
    )
    return sizes.required_buffer_mb()


def _aligned(size: int, step: int) -> int:
    return -(-size // step) * step
