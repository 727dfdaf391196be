# SPDX-License-Identifier: Apache-2.0
"""Which row belongs to which choice: read from either layout of expand_idx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aclnn_moe.reference.choices import Choices
from aclnn_moe.reference.rounding import Array, Float32, Int32, to_f32
from aclnn_moe.reference.tensors import CombineInput
from aclnn_moe.reference.topology import Topology

NOWHERE = -1


@dataclass(frozen=True)
class Origin:
    """Where the rows of one rank's tokens come back from.

    Attributes
    ----------
    ranks, rows : int64, (BS, K + shared experts)
        Rank that returns the row of a slot, and the row's number there; -1 where there is none.
    """

    ranks: Array
    rows: Array

    @property
    def slot_num(self) -> int:
        """Choices and shared experts per token."""
        return int(self.ranks.shape[1])

    def fill(self, into: Float32, slot: int, returned: Sequence[Array]) -> None:
        """Put the rows of `slot` into `into` (BS, H), as float32; leave the other tokens alone."""
        for rank in np.unique(self.ranks[:, slot]):
            if rank != NOWHERE:
                tokens = np.flatnonzero(self.ranks[:, slot] == rank)
                into[tokens] = to_f32(returned[rank][self.rows[tokens, slot]])


def origins(
    group: Sequence[CombineInput], choices: Sequence[Choices], topology: Topology
) -> list[Origin]:
    """Place every row of the group; ValueError when a choice has no row, or a row no choice."""
    wanted = [_wanted_slots(chosen, topology) for chosen in choices]
    found = [Origin(np.full(w.shape, NOWHERE), np.full(w.shape, NOWHERE)) for w in wanted]
    for rank, given in enumerate(group):
        sizes = _block_sizes(given, topology, rank)
        row_num = int(sizes.sum())
        if given.expand_idx.size == given.expert_ids.size:
            continue  # V1: says where this rank's choices went, not whose rows it has.
        triples = given.expand_idx[: row_num * 3].reshape(row_num, 3)
        sources = np.repeat(np.arange(sizes.size) % topology.size, sizes)
        for row, (source, token, slot) in enumerate(triples.tolist()):
            where = f"row {row} of rank {rank} names rank {source}, token {token}, slot {slot}"
            if source != sources[row]:
                raise ValueError(
                    f"expand_idx: {where}, but ep_send_counts have it from rank {sources[row]}"
                )
            tokens, slots = wanted[source].shape
            if not (0 <= token < tokens and 0 <= slot < slots and wanted[source][token, slot]):
                raise ValueError(f"expand_idx: {where}, which was not sent")
            if found[source].ranks[token, slot] != NOWHERE:
                raise ValueError(f"expand_idx: {where}, as an earlier row does")
            found[source].ranks[token, slot] = rank
            found[source].rows[token, slot] = row
    for source, given in enumerate(group):
        if given.expand_idx.size == given.expert_ids.size:
            _place_by_position(source, group, choices, topology, found[source])
        lost = np.argwhere(wanted[source] & (found[source].ranks == NOWHERE))
        if len(lost):
            raise ValueError(
                f"expand_idx: no row for token {lost[0][0]}, slot {lost[0][1]} of rank {source}"
            )
    return found


def _place_by_position(
    source: int,
    group: Sequence[CombineInput],
    choices: Sequence[Choices],
    topology: Topology,
    origin: Origin,
) -> None:
    """V1: a choice's row is its block's first row plus its position within the expert."""
    chosen = choices[source]
    positions = group[source].expand_idx.reshape(chosen.expert_ids.shape)

    def place(rank: int, local_expert: int, tokens: Array, slots: Array, within: Array) -> None:
        sizes = _block_sizes(group[rank], topology, rank)
        block = local_expert * topology.size + source
        if sorted(within.tolist()) != list(range(sizes[block])):
            raise ValueError(
                f"expand_idx of rank {source}: want positions 0 to {sizes[block] - 1} in local "
                f"expert {local_expert} of rank {rank}, as its ep_send_counts say, "
                f"got {within.tolist()}"
            )
        origin.ranks[tokens, slots] = rank
        origin.rows[tokens, slots] = sizes[:block].sum() + within

    for expert in np.unique(chosen.expert_ids[chosen.routed]).tolist():
        rank = topology.rank_of(expert)
        local_expert = expert - topology.experts_of(rank).start
        tokens, slots = np.nonzero(chosen.routed & (chosen.expert_ids == expert))
        place(rank, local_expert, tokens, slots, positions[tokens, slots])
    tokens = np.flatnonzero(chosen.active)
    for shared_expert in range(topology.shared_expert_num):
        rank = topology.shared_rank_of(shared_expert, source)
        slots = np.full(len(tokens), chosen.k + shared_expert)
        place(rank, 0, tokens, slots, np.arange(len(tokens)))


def _wanted_slots(chosen: Choices, topology: Topology) -> Array:
    """Slots that were sent, (BS, K + shared experts)."""
    shared = np.repeat(chosen.active[:, None], topology.shared_expert_num, axis=1)
    return np.concatenate([chosen.routed, shared], axis=1)


def _block_sizes(given: CombineInput, topology: Topology, rank: int) -> Int32:
    running = given.ep_send_counts[: topology.local_expert_num(rank) * topology.size]
    sizes = np.diff(running, prepend=np.int32(0))
    if (sizes < 0).any():
        raise ValueError(
            f"ep_send_counts of rank {rank}: want running totals, got a fall at block "
            f"{int(np.argmax(sizes < 0))}"
        )
    return sizes
