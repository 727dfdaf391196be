# SPDX-License-Identifier: Apache-2.0
"""combine_add_rms_norm: every row back to its token, weighted sum, residual, RMSNorm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aclnn_moe.reference.choices import Choices, read_choices
from aclnn_moe.reference.config import QUANT_COMM_INT8, MoeConfig
from aclnn_moe.reference.group import check_members, largest_batch, row_room
from aclnn_moe.reference.quantization import through_int8
from aclnn_moe.reference.return_path import Origin, origins
from aclnn_moe.reference.rounding import BF16, Array, Float32, Int32, to_bf16, to_f32
from aclnn_moe.reference.special_experts import special_row
from aclnn_moe.reference.tensors import CombineInput, CombineOutput
from aclnn_moe.reference.topology import Topology
from aclnn_moe.reference.validation import check_combine_input


def combine_add_rms_norm(
    ranks: Sequence[CombineInput],
    config: MoeConfig,
    *,
    elastic_info: Int32 | None = None,
    out: Sequence[CombineOutput] | None = None,
) -> list[CombineOutput]:
    """Bring rows back, sum them by weight, add the residual, normalise.

    Parameters
    ----------
    ranks : sequence of CombineInput
        One entry per rank, in the order given to `dispatch`.
    config : MoeConfig
        Attributes of the call.
    elastic_info : int32, (4 + 2 * EP,), optional
        As given to dispatch.
    out : sequence of CombineOutput, optional
        What the output tensors hold before the call: rows of inactive tokens keep it (zeros when
        absent). The arrays given are not changed.

    Returns
    -------
    list of CombineOutput
        In the order of `ranks`.

    Raises
    ------
    ValueError
        When tensors, attributes and one another do not fit.
    """
    topology = Topology.of(config, elastic_info)
    check_members(ranks, config, topology)
    max_bs = largest_batch(ranks, config)
    pair = config.pair_size
    choices = [
        read_choices(rank, given.expert_ids, given.x_active_mask, config, topology)
        for rank, given in enumerate(ranks)
    ]
    for rank, given in enumerate(ranks):
        k = choices[rank].k
        room = row_room(rank // pair, config, max_bs, k, elastic=elastic_info is not None)
        check_combine_input(rank, given, config, room)

    returned = [_own_rows(ranks, rank, pair, topology) for rank in range(len(ranks))]
    if config.comm_quant_mode == QUANT_COMM_INT8:
        returned = [through_int8(rows) for rows in returned]
    # The ranks with the same place in their pair are one expert parallel group.
    came_from = [origins(ranks[tp::pair], choices[tp::pair], topology) for tp in range(pair)]
    return [
        _finish(
            given,
            choices[rank],
            came_from[rank % pair][rank // pair],
            returned[rank % pair :: pair],
            config,
            None if out is None else out[rank],
        )
        for rank, given in enumerate(ranks)
    ]


def _own_rows(ranks: Sequence[CombineInput], rank: int, pair: int, topology: Topology) -> Array:
    """Do step 1: the rows that `rank` sends back, with TP summed over the pair."""
    given = ranks[rank]
    # The last running total of a rank's own half.
    last = topology.local_expert_num(rank // pair) * topology.size - 1
    row_num = int(given.ep_send_counts[last])
    mine = given.expand_x[:row_num]
    if pair == 1:
        return mine
    # The peer computed them too: they lie behind its own.
    peer = ranks[rank ^ 1]
    first = int(peer.ep_send_counts[last])
    own_nums = [row_num, first] if rank % pair == 0 else [first, row_num]
    if given.tp_send_counts is None or given.tp_send_counts.tolist() != own_nums:
        raise ValueError(
            f"tp_send_counts of rank {rank}: want the rows of both, {own_nums}, "
            f"got {given.tp_send_counts}"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        return to_bf16(to_f32(mine) + to_f32(peer.expand_x[first : first + row_num]))


def _finish(
    given: CombineInput,
    choices: Choices,
    came_from: Origin,
    returned: Sequence[Array],
    config: MoeConfig,
    before: CombineOutput | None,
) -> CombineOutput:
    """Do steps 2 to 6 for the tokens of one rank."""
    token_num, k = choices.expert_ids.shape
    hidden = len(given.gamma)
    acc = np.zeros((token_num, hidden), np.float32)

    # Step 3. numpy rounds the product before it adds: two roundings, as specified.
    with np.errstate(over="ignore", invalid="ignore"):
        for slot in range(k):
            rows = special_row(given, choices, slot, config)
            came_from.fill(rows, slot, returned)
            np.multiply(given.expert_scales[:, slot, None], rows, out=rows)
            np.add(acc, rows, out=acc, where=choices.taken[:, slot, None])
        for slot in range(k, came_from.slot_num):
            rows = np.zeros((token_num, hidden), np.float32)
            came_from.fill(rows, slot, returned)
            acc += rows
        if given.shared_expert_x is not None:
            acc += to_f32(given.shared_expert_x.reshape(token_num, hidden))
        # Step 4.
        acc += to_f32(given.residual_x.reshape(token_num, hidden))
        rstd = _rstd(acc, config.norm_eps)
        # Step 6: rounded once before gamma and once after.
        y = to_bf16(to_f32(to_bf16(acc * rstd)) * to_f32(given.gamma))

    shape = (token_num, 1, hidden)
    x = to_bf16(acc)
    active = choices.active
    result = CombineOutput(
        y=np.zeros(shape, BF16) if before is None else before.y.copy(),
        rstd_out=np.zeros((token_num, 1, 1), np.float32)
        if before is None
        else before.rstd_out.copy(),
        x=np.zeros(shape, BF16) if before is None else before.x.copy(),
    )
    result.y[active, 0] = y[active]
    result.rstd_out[active, 0] = rstd[active]
    result.x[active, 0] = x[active]
    return result


def _rstd(acc: Float32, norm_eps: float) -> Float32:
    """Do step 5: float32 (BS, 1).

    The specification leaves the order of the sum open and allows 1e-6 relative. Summed in float64
    the result is the nearest float32 but for rare ties, whatever the order, so a device can be held
    to the same bits nearly always. norm_eps is a float32 attribute.
    """
    mean = np.square(acc.astype(np.float64)).mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        exact = 1.0 / np.sqrt(mean + np.float64(np.float32(norm_eps)))
    rstd: Float32 = exact.astype(np.float32)
    return rstd
