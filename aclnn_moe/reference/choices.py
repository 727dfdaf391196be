# SPDX-License-Identifier: Apache-2.0
"""Which of a rank's (token, choice) pairs become rows, and in which order they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aclnn_moe.reference.config import MoeConfig
from aclnn_moe.reference.rounding import Bool, Int32
from aclnn_moe.reference.topology import Topology


@dataclass(frozen=True)
class Choices:
    """One rank's choices after masks, checked.

    Attributes
    ----------
    expert_ids : int32, (BS, K)
        Expert of each choice.
    taken : bool, (BS, K)
        Choices that are not masked out.
    active : bool, (BS,)
        Tokens with any choice taken; the others have no output.
    routed : bool, (BS, K)
        Choices taken whose expert is on some rank: these become rows. Special experts do not.
    """

    expert_ids: Int32
    taken: Bool
    active: Bool
    routed: Bool

    @property
    def k(self) -> int:
        """Choices per token."""
        return int(self.expert_ids.shape[1])


def read_choices(
    rank: int,
    expert_ids: Int32,
    x_active_mask: Bool | None,
    config: MoeConfig,
    topology: Topology,
) -> Choices:
    """Check one rank's `expert_ids` and mask, and tell what takes part."""
    where = f"of rank {rank}"
    if expert_ids.ndim != 2 or expert_ids.dtype != np.int32 or not expert_ids.size:
        raise ValueError(
            f"expert_ids {where}: want int32 (BS, K), got {expert_ids.dtype} {expert_ids.shape}"
        )
    token_num, k = expert_ids.shape
    if x_active_mask is None:
        taken = np.ones((token_num, k), bool)
    else:
        taken = _read_mask(where, x_active_mask, token_num, k)

    # Special ids start where the attribute says, also when elastic EP has fewer experts left.
    special = (expert_ids >= config.moe_expert_num) & (
        expert_ids < config.moe_expert_num + config.special_expert_num
    )
    routed = (expert_ids >= 0) & (expert_ids < topology.moe_expert_num)
    bad = np.argwhere(taken & ~special & ~routed)
    if len(bad):
        token, choice = bad[0]
        raise ValueError(
            f"expert_ids {where}: want ids in [0, {topology.moe_expert_num}) or special ones in "
            f"[{config.moe_expert_num}, {config.moe_expert_num + config.special_expert_num}), "
            f"got {expert_ids[token, choice]} at token {token}, choice {choice}"
        )
    active = np.asarray(taken.any(axis=1))
    for token in np.flatnonzero(active):
        ids, counts = np.unique(expert_ids[token][taken[token]], return_counts=True)
        if (counts > 1).any():
            raise ValueError(
                f"expert_ids {where}: want no id twice in a row, got {ids[counts > 1][0]} twice at "
                f"token {token}"
            )
    return Choices(expert_ids, taken, active, taken & routed)


def _read_mask(where: str, mask: Bool, token_num: int, k: int) -> Bool:
    if mask.dtype != np.bool_ or mask.shape not in ((token_num,), (token_num, k)):
        raise ValueError(
            f"x_active_mask {where}: want bool ({token_num},) or ({token_num}, {k}), "
            f"got {mask.dtype} {mask.shape}"
        )
    if mask.ndim == 2:
        return mask
    late = np.flatnonzero(mask[1:] & ~mask[:-1])
    if len(late):
        raise ValueError(
            f"x_active_mask {where}: want every true before every false, got false at token "
            f"{late[0]} and true at token {late[0] + 1}"
        )
    return np.repeat(mask[:, None], k, axis=1)


def received_blocks(
    choices: Sequence[Choices], topology: Topology, rank: int
) -> list[tuple[int, Int32]]:
    """List what `rank` receives: blocks by local expert, then source.

    Returns
    -------
    list of (expert, rows)
        `rows` is int32 (n, 3): source rank, token and slot of each row, by position on the source.
        The slot is k for a routed expert and K + s for shared expert s. `expert` is the row of the
        smoothing factors that belongs to the block.
    """
    blocks = []
    if topology.is_shared(rank):
        shared_expert = rank // topology.ranks_per_shared_expert
        for source, chosen in enumerate(choices):
            tokens = np.flatnonzero(chosen.active)
            if topology.shared_rank_of(shared_expert, source) != rank:
                tokens = tokens[:0]
            slots = np.full(len(tokens), chosen.k + shared_expert)
            blocks.append((shared_expert, _rows(source, tokens, slots)))
        return blocks
    for expert in topology.experts_of(rank):
        for source, chosen in enumerate(choices):
            tokens, slots = np.nonzero(chosen.routed & (chosen.expert_ids == expert))
            blocks.append((topology.shared_expert_num + expert, _rows(source, tokens, slots)))
    return blocks


def _rows(source: int, tokens: np.ndarray, slots: np.ndarray) -> Int32:
    return np.stack([np.full(len(tokens), source), tokens, slots], axis=1).astype(np.int32)


def positions_within_expert(choices: Choices) -> Int32:
    """Count for each choice the earlier rows of this rank that went to the same expert.

    This is V1's expand_idx: int32 (BS * K,). Choices that are not routed have 0.
    """
    routed = choices.routed.ravel()
    ids = choices.expert_ids.ravel()
    positions = np.zeros(ids.size, np.int32)
    for expert in np.unique(ids[routed]):
        mine = np.flatnonzero(routed & (ids == expert))
        positions[mine] = np.arange(len(mine))
    return positions
