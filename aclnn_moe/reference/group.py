# SPDX-License-Identifier: Apache-2.0
"""What the ranks of a call must agree on, and how large their tensors are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aclnn_moe.reference.config import MoeConfig
from aclnn_moe.reference.tensors import CombineInput, DispatchInput
from aclnn_moe.reference.topology import Topology


@dataclass(frozen=True)
class RowRoom:
    """Sizes of one rank's tensors: A, and local experts."""

    rows: int
    local_experts: int


def check_members(
    ranks: Sequence[DispatchInput] | Sequence[CombineInput], config: MoeConfig, topology: Topology
) -> None:
    """Check that there is one entry per rank that is left, and that K and H are the same on all."""
    rank_num = len(ranks)
    want = topology.size * config.pair_size
    if rank_num != want:
        raise ValueError(
            f"ranks: want {want} entries ({topology.size} ranks times {config.pair_size}), "
            f"got {rank_num}"
        )
    sizes = [
        (
            given.expert_ids.shape[-1],
            (given.x if isinstance(given, DispatchInput) else given.expand_x).shape[-1],
        )
        for given in ranks
    ]
    for rank, size in enumerate(sizes):
        if size != sizes[0]:
            raise ValueError(
                f"K, H: want {sizes[0]} on every rank, as on rank 0, got {size} on rank {rank}"
            )


def largest_batch(
    ranks: Sequence[DispatchInput] | Sequence[CombineInput], config: MoeConfig
) -> int:
    """Return the largest BS that the tensors allow for."""
    batches = [(len(given.expert_ids), given.x_active_mask) for given in ranks]
    largest = max(token_num for token_num, _ in batches)
    max_bs = config.global_bs // config.ep_world_size if config.global_bs else largest
    ragged = any(token_num != max_bs for token_num, _ in batches)
    for rank, (token_num, mask) in enumerate(batches):
        if not config.global_bs and token_num != largest:
            raise ValueError(
                f"global_bs: want the largest BS times ep_world_size = "
                f"{largest * config.ep_world_size} when BS differs (rank {rank} has {token_num}), "
                f"got 0"
            )
        if token_num > max_bs:
            raise ValueError(
                f"global_bs: want at least BS * ep_world_size = "
                f"{token_num * config.ep_world_size} for rank {rank}, got {config.global_bs}"
            )
        if ragged and mask is not None:
            raise ValueError(
                f"x_active_mask of rank {rank}: want none when BS differs between ranks "
                f"(global_bs allows for {max_bs})"
            )
    return max_bs


def row_room(rank: int, config: MoeConfig, max_bs: int, k: int, *, elastic: bool) -> RowRoom:
    """Size the tensors of a rank of the expert parallel group.

    With elastic_info a rank may come to hold either kind of expert, so it has room for both.
    """
    whole = Topology.of(config)
    kinds = (0, whole.size - 1) if elastic else (rank,)
    return RowRoom(
        rows=max(whole.row_capacity(kind, max_bs, k) for kind in kinds),
        local_experts=max(whole.local_expert_num(kind) for kind in kinds),
    )
