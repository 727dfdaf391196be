# SPDX-License-Identifier: Apache-2.0
"""dispatch: every choice becomes a row on the rank that holds its expert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aclnn_moe.reference.choices import (
    Choices,
    positions_within_expert,
    read_choices,
    received_blocks,
)
from aclnn_moe.reference.config import COUNTS_RUNNING, QUANT_DYNAMIC, MoeConfig
from aclnn_moe.reference.group import check_members, largest_batch, row_room
from aclnn_moe.reference.quantization import quantize_rows
from aclnn_moe.reference.rounding import BF16, Array, Float32, Int32
from aclnn_moe.reference.tensors import DispatchInput, DispatchOutput
from aclnn_moe.reference.topology import Topology

# V2 reserves this many words of expand_idx per row; the first row_num * 3 of them are used.
EXPAND_IDX_WORDS = 128


@dataclass(frozen=True)
class _Received:
    """What one rank holds after the exchange in its expert parallel group."""

    rows: Array
    scales: Float32
    triples: Int32
    running: Int32
    per_expert: Array


def dispatch(
    ranks: Sequence[DispatchInput],
    config: MoeConfig,
    *,
    layout: str = "V2",
    elastic_info: Int32 | None = None,
) -> list[DispatchOutput]:
    """Send every active (token, choice) to the rank that holds the expert.

    Parameters
    ----------
    ranks : sequence of DispatchInput
        One entry per rank, number ``ep_rank * pair + tp_rank``. With `elastic_info` the ranks that
        are left, by their new numbers.
    config : MoeConfig
        Attributes of the call.
    layout : {"V2", "V1"}
        Form of `expand_idx`. V2: (source rank, token, slot) per row received, (A * 128,), where
        slot is k, or K + s for shared expert s. V1: per choice of this rank, how many earlier ones
        went to the same expert, (BS * K,).
    elastic_info : int32, (4 + 2 * EP,), optional
        Who is left; see `Topology`.

    Returns
    -------
    list of DispatchOutput
        In the order of `ranks`.

    Raises
    ------
    ValueError
        When tensors, attributes and one another do not fit.
    """
    if layout not in ("V1", "V2"):
        raise ValueError(f"layout: want 'V1' or 'V2', got {layout!r}")
    topology = Topology.of(config, elastic_info)
    check_members(ranks, config, topology)
    max_bs = largest_batch(ranks, config)
    choices = [
        read_choices(rank, given.expert_ids, given.x_active_mask, config, topology)
        for rank, given in enumerate(ranks)
    ]
    for rank, given in enumerate(ranks):
        _check(rank, given, config, topology)

    # The ranks with the same place in their pair are one expert parallel group.
    pair = config.pair_size
    received = [
        _exchange(
            ranks[rank % pair :: pair], choices[rank % pair :: pair], config, topology, rank // pair
        )
        for rank in range(len(ranks))
    ]

    outputs = []
    for rank, chosen in enumerate(choices):
        room = row_room(rank // pair, config, max_bs, chosen.k, elastic=elastic_info is not None)
        # All-gather over the pair: own rows first, then the peer's.
        parts = [received[rank]] if pair == 1 else [received[rank], received[rank ^ 1]]
        if layout == "V2":
            expand_idx = _padded(parts[0].triples.ravel(), room.rows * EXPAND_IDX_WORDS)
        else:
            expand_idx = positions_within_expert(chosen)
        scale_num = room.rows * pair if config.quant_mode == QUANT_DYNAMIC else 0
        count_num = config.ep_world_size * room.local_experts * pair
        first_of_pair = rank - rank % pair
        outputs.append(
            DispatchOutput(
                expand_x=_padded(np.concatenate([part.rows for part in parts]), room.rows * pair),
                dynamic_scales=_padded(np.concatenate([part.scales for part in parts]), scale_num),
                expand_idx=expand_idx,
                expert_token_nums=_padded(parts[0].per_expert, room.local_experts),
                ep_recv_counts=_padded(np.concatenate([part.running for part in parts]), count_num),
                tp_recv_counts=np.array(
                    [len(part.rows) for part in received[first_of_pair : first_of_pair + pair]],
                    np.int32,
                ),
                expand_scales=np.zeros(0, np.float32),
            )
        )
    return outputs


def _exchange(
    sources: Sequence[DispatchInput],
    choices: Sequence[Choices],
    config: MoeConfig,
    topology: Topology,
    rank: int,
) -> _Received:
    """Gather the rows of one rank from all sources of its expert parallel group."""
    rows, scales, triples, sizes = [], [], [], []
    for block, (expert, block_rows) in enumerate(received_blocks(choices, topology, rank)):
        source = sources[block % topology.size]
        sent = source.x[block_rows[:, 1]]
        if config.quant_mode == QUANT_DYNAMIC:
            factors = None if source.scales is None else source.scales[expert]
            sent, sent_scales = quantize_rows(sent, factors)
            scales.append(sent_scales)
        rows.append(sent)
        triples.append(block_rows)
        sizes.append(len(block_rows))
    per_expert = np.array(sizes, np.int64).reshape(-1, topology.size).sum(axis=1)
    if config.expert_token_nums_type == COUNTS_RUNNING:
        per_expert = np.cumsum(per_expert)
    return _Received(
        rows=np.concatenate(rows),
        scales=np.concatenate(scales) if scales else np.zeros(0, np.float32),
        triples=np.concatenate(triples),
        running=np.cumsum(sizes).astype(np.int32),
        per_expert=per_expert,
    )


def _padded(values: Array, length: int) -> Array:
    """Give `values` the length of the output tensor."""
    whole = np.zeros((length, *values.shape[1:]), values.dtype)
    whole[: len(values)] = values
    return whole


def _check(rank: int, given: DispatchInput, config: MoeConfig, topology: Topology) -> None:
    token_num = len(given.expert_ids)
    x = given.x
    if x.ndim != 2 or len(x) != token_num or x.dtype not in (BF16, np.dtype(np.float16)):
        raise ValueError(
            f"x of rank {rank}: want bfloat16 or float16 ({token_num}, H), got {x.dtype} {x.shape}"
        )
    if given.scales is None:
        return
    if config.quant_mode != QUANT_DYNAMIC:
        raise ValueError(f"scales of rank {rank}: want none with quant_mode {config.quant_mode}")
    want = (topology.shared_expert_num + config.moe_expert_num, x.shape[1])
    if given.scales.shape != want or given.scales.dtype != np.float32:
        raise ValueError(
            f"scales of rank {rank}: want float32 {want}, "
            f"got {given.scales.dtype} {given.scales.shape}"
        )
