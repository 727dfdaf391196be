# SPDX-License-Identifier: Apache-2.0
"""Which rank holds which expert, in the numbering that the routing data uses."""

from __future__ import annotations

from dataclasses import dataclass

from aclnn_moe.reference.config import MoeConfig
from aclnn_moe.reference.rounding import Int32

# elastic_info: these words first, then two tables of ep_world_size entries each.
ELASTIC_SCALED_DOWN, ELASTIC_RANKS, ELASTIC_SHARED_RANKS, ELASTIC_EXPERTS = range(4)
ELASTIC_TABLES = 4
GONE = -1


@dataclass(frozen=True)
class Topology:
    """The expert parallel group as it is now: after ranks have gone, the rest are numbered anew.

    Shared-expert ranks come first. Those of shared expert s are
    ``[s * ranks_per_shared_expert, (s + 1) * ranks_per_shared_expert)``. Each rank after them holds
    `experts_per_rank` consecutive experts.
    """

    ranks: tuple[int, ...]
    """Original number of each rank that is left."""
    shared_expert_num: int
    shared_rank_num: int
    moe_expert_num: int

    @classmethod
    def of(cls, config: MoeConfig, elastic_info: Int32 | None = None) -> Topology:
        """Read the group from the attributes and, when ranks have gone, from `elastic_info`."""
        shared = config.shared_expert_num if config.shared_expert_rank_num else 0
        whole = cls(
            tuple(range(config.ep_world_size)),
            shared,
            config.shared_expert_rank_num,
            config.moe_expert_num,
        )
        if elastic_info is None:
            return whole
        if config.pair_size == 2:
            raise ValueError("elastic_info: want none with tp_world_size 2, got one")
        size = config.ep_world_size
        if elastic_info.shape != (ELASTIC_TABLES + 2 * size,):
            raise ValueError(
                f"elastic_info: want shape ({ELASTIC_TABLES + 2 * size},), got {elastic_info.shape}"
            )
        if elastic_info[ELASTIC_SCALED_DOWN] == 0:
            return whole
        left = int(elastic_info[ELASTIC_RANKS])
        shared_left = int(elastic_info[ELASTIC_SHARED_RANKS])
        experts_left = int(elastic_info[ELASTIC_EXPERTS])
        new_of = elastic_info[ELASTIC_TABLES : ELASTIC_TABLES + size]
        original_of = elastic_info[ELASTIC_TABLES + size :][:left]
        if not 1 <= left <= size or sorted(new_of[new_of != GONE]) != list(range(left)):
            raise ValueError(
                f"elastic_info: want the {left} ranks left numbered 0 to {left - 1}, "
                f"got {new_of.tolist()}"
            )
        if any(new_of[original] != new for new, original in enumerate(original_of)):
            raise ValueError(
                f"elastic_info: want two tables that are each other's inverse, "
                f"got {new_of.tolist()} and {original_of.tolist()}"
            )
        shared_fit = shared_left > 0 and shared_left % shared == 0 if shared else shared_left == 0
        if not (shared_fit and shared_left < left):
            raise ValueError(
                f"elastic_info: want a multiple of shared_expert_num = {shared} "
                f"shared-expert ranks below the {left} ranks left, got {shared_left}"
            )
        moe_ranks_left = left - shared_left
        most = min(config.moe_expert_num, whole.experts_per_rank * moe_ranks_left)
        if not 1 <= experts_left <= most or experts_left % moe_ranks_left:
            raise ValueError(
                f"elastic_info: want a multiple of {moe_ranks_left} experts left, at most {most}, "
                f"got {experts_left}"
            )
        return cls(
            tuple(int(rank) for rank in original_of),
            shared,
            shared_left,
            experts_left,
        )

    @property
    def size(self) -> int:
        """Ranks that are left."""
        return len(self.ranks)

    @property
    def experts_per_rank(self) -> int:
        """Routed experts on every rank that holds any."""
        return self.moe_expert_num // (self.size - self.shared_rank_num)

    @property
    def ranks_per_shared_expert(self) -> int:
        """Ranks that hold a copy of the same shared expert (0 without shared experts)."""
        return self.shared_rank_num // self.shared_expert_num if self.shared_expert_num else 0

    def is_shared(self, rank: int) -> bool:
        """Tell whether `rank` holds a shared expert."""
        return rank < self.shared_rank_num

    def local_expert_num(self, rank: int) -> int:
        """Experts on `rank`."""
        return 1 if self.is_shared(rank) else self.experts_per_rank

    def experts_of(self, rank: int) -> range:
        """Ids of the routed experts on `rank`."""
        if self.is_shared(rank):
            return range(0)
        first = (rank - self.shared_rank_num) * self.experts_per_rank
        return range(first, first + self.experts_per_rank)

    def rank_of(self, expert: int) -> int:
        """Rank that holds the routed expert."""
        return self.shared_rank_num + expert // self.experts_per_rank

    def shared_rank_of(self, shared_expert: int, source: int) -> int:
        """Rank to which `source` sends its rows for a shared expert."""
        copies = self.ranks_per_shared_expert
        return shared_expert * copies + source % copies

    def row_capacity(self, rank: int, max_bs: int, k: int) -> int:
        """Return A: rows that `rank` can receive when all send it all they may."""
        if self.is_shared(rank):
            # global_bs * shared_expert_num / shared_expert_rank_num where that is exact; else one
            # copy of the shared expert serves one source more than another.
            return max_bs * -(-self.size // self.ranks_per_shared_expert)
        return max_bs * self.size * min(self.experts_per_rank, k)
