# SPDX-License-Identifier: Apache-2.0
"""Dispatch: tokens to the ranks of their experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from aclnn_moe.array import DeviceArray
from aclnn_moe.array_library import SupportsArrayInterface, SupportsDLPack
from aclnn_moe.communicator import Communicator
from aclnn_moe.execution import execute, group_name, group_place
from aclnn_moe.signatures import DISPATCH, DISPATCH_V2
from aclnn_moe.stream import Stream

Array = DeviceArray | npt.NDArray[Any] | SupportsDLPack | SupportsArrayInterface


class DispatchResult(NamedTuple):
    """What dispatch gives; A is the rows this rank can receive."""

    expand_x: Any  #: (A * max(tp, 1), H), x's dtype or int8
    dynamic_scales: Any  #: (A * max(tp, 1),) float32, with quant_mode 2
    expand_idx: Any  #: int32, for combine: V2 (max(BS * K, A * 128),), V1 (BS * K,)
    expert_token_nums: Any  #: (local_expert_num,) int64
    ep_recv_counts: Any  #: (ep * local_expert_num * max(tp, 1),) int32
    tp_recv_counts: Any  #: (tp,) int32
    expand_scales: Any  #: (A,) float32


def moe_distribute_dispatch(
    x: Array,
    expert_ids: Array,
    group_ep: Communicator | str,
    ep_world_size: int | None = None,
    ep_rank_id: int | None = None,
    moe_expert_num: int | None = None,
    *,
    scales: Array | None = None,
    x_active_mask: Array | None = None,
    expert_scales: Array | None = None,
    group_tp: Communicator | str = "",
    tp_world_size: int = 0,
    tp_rank_id: int = 0,
    expert_shard_type: int = 0,
    shared_expert_num: int = 1,
    shared_expert_rank_num: int = 0,
    quant_mode: int = 0,
    global_bs: int = 0,
    expert_token_nums_type: int = 1,
    stream: Stream | int | None = None,
    out: Sequence[Array | None] | None = None,
) -> DispatchResult:
    """Send every token to the ranks that hold its experts, by aclnnMoeDistributeDispatch.

    As :func:`moe_distribute_dispatch_v2`, but ``expand_idx`` has an element per choice: (BS * K,)
    int32, how many earlier choices of this rank went to the same expert. Combine takes either.
    Collective over ``group_ep``, and over ``group_tp`` with TP; asynchronous on device arrays.

    Parameters
    ----------
    x
        (BS, H) bf16 or float16: this rank's tokens.
    expert_ids
        (BS, K) int32: the experts chosen for each token.
    group_ep, ep_world_size, ep_rank_id, moe_expert_num
        The group, and the number of experts of all ranks, which is required.
    scales, x_active_mask, expert_scales
        As for V2.
    group_tp, tp_world_size, tp_rank_id, expert_shard_type, shared_expert_num
        As for V2.
    shared_expert_rank_num, quant_mode, global_bs, expert_token_nums_type
        As for V2.
    stream
        A Stream, a raw ``aclrtStream``, or None for the device's default stream.
    out
        Arrays to write to, in the order of the result; None where a new one is wanted.

    Returns
    -------
    DispatchResult
        Of device arrays for device arrays (not initialised beyond the received rows); else of the
        library that made ``x``, such as torch (zero there, and in ``expand_idx`` for choices that
        are masked out).

    Raises
    ------
    TypeError, ValueError
        Arguments have wrong types or contradict one another.
    AclError
        C refuses: a value is out of the specification's range, or the buffer is too small.
    """
    name, ep_world_size, ep_rank_id, device = group_place(group_ep, ep_world_size, ep_rank_id)
    if moe_expert_num is None:
        raise TypeError("moe_expert_num is missing: want the number of experts (int)")
    return DispatchResult._make(
        execute(
            DISPATCH,
            (x, expert_ids, scales, x_active_mask, expert_scales),
            (
                ep_world_size,
                ep_rank_id,
                moe_expert_num,
                tp_world_size,
                tp_rank_id,
                expert_shard_type,
                shared_expert_num,
                shared_expert_rank_num,
                quant_mode,
                global_bs,
                expert_token_nums_type,
            ),
            (name, group_name(group_tp), ""),
            0.0,
            device,
            stream,
            out,
        )
    )


def moe_distribute_dispatch_v2(
    x: Array,
    expert_ids: Array,
    group_ep: Communicator | str,
    ep_world_size: int | None = None,
    ep_rank_id: int | None = None,
    moe_expert_num: int | None = None,
    *,
    scales: Array | None = None,
    x_active_mask: Array | None = None,
    expert_scales: Array | None = None,
    elastic_info: Array | None = None,
    performance_info: Array | None = None,
    group_tp: Communicator | str = "",
    tp_world_size: int = 0,
    tp_rank_id: int = 0,
    expert_shard_type: int = 0,
    shared_expert_num: int = 1,
    shared_expert_rank_num: int = 0,
    quant_mode: int = 0,
    global_bs: int = 0,
    expert_token_nums_type: int = 1,
    comm_alg: str = "",
    zero_expert_num: int = 0,
    copy_expert_num: int = 0,
    const_expert_num: int = 0,
    stream: Stream | int | None = None,
    out: Sequence[Array | None] | None = None,
) -> DispatchResult:
    """Send every token to the ranks that hold its experts.

    Calls aclnnMoeDistributeDispatchV3 where a library has it, else V2, which has no place for
    ``elastic_info`` and special experts. Collective over ``group_ep``, and over ``group_tp`` with
    TP; asynchronous on device arrays.

    Parameters
    ----------
    x
        (BS, H) bf16 or float16: this rank's tokens.
    expert_ids
        (BS, K) int32: the experts chosen for each token.
    group_ep
        A Communicator, or the name of one; with a name ``ep_world_size`` and ``ep_rank_id`` are
        required.
    ep_world_size, ep_rank_id
        Size of the group and rank in it; the communicator's by default.
    moe_expert_num
        Number of experts of all ranks; required.
    scales
        (experts, H) float32: factors before quantisation, with ``quant_mode`` 2.
    x_active_mask
        (BS,) or (BS, K) bool: tokens, or choices, that take part.
    expert_scales
        (BS, K) float32; not needed on an Atlas A3.
    elastic_info
        (4 + 2 * ep_world_size,) int32: which ranks are left. [0] is 1 when some are gone, [1] the
        ranks left, [2] the shared-expert ranks and [3] the experts among them; then the new number
        of every rank (-1: gone), then the old number of every new one. The outputs then have room
        for a rank of either kind.
    performance_info
        Needs aclnnMoeDistributeDispatchV4, which is not called: refused.
    group_tp, tp_world_size, tp_rank_id
        The tensor parallel pair; none by default. With ``tp_world_size`` 2 the rows of the pair's
        other rank follow this rank's.
    expert_shard_type
        0.
    shared_expert_num, shared_expert_rank_num
        Shared experts, and the ranks that hold them.
    quant_mode
        0: rows as they come; 2: int8 with a scale per row.
    global_bs
        The largest BS of any rank times ``ep_world_size``; 0 where all ranks have the same.
    expert_token_nums_type
        1: rows per expert; 0: running totals.
    comm_alg
        "".
    zero_expert_num, copy_expert_num, const_expert_num
        Special experts: their ids follow ``moe_expert_num`` in this order, and no row is sent for
        them.
    stream
        A Stream, a raw ``aclrtStream``, or None for the device's default stream.
    out
        Arrays to write to, in the order of the result; None where a new one is wanted.

    Returns
    -------
    DispatchResult
        Of device arrays for device arrays (not initialised beyond the received rows); else of the
        library that made ``x``, such as torch (zero there).

    Raises
    ------
    TypeError, ValueError
        Arguments have wrong types or contradict one another.
    NotImplementedError
        An argument needs a function that no library has.
    AclError
        C refuses: a value is out of the specification's range, or the buffer is too small.
    """
    if performance_info is not None:
        raise NotImplementedError(
            "performance_info needs aclnnMoeDistributeDispatchV4, which this version does not call"
        )
    name, ep_world_size, ep_rank_id, device = group_place(group_ep, ep_world_size, ep_rank_id)
    if moe_expert_num is None:
        raise TypeError("moe_expert_num is missing: want the number of experts (int)")
    return DispatchResult._make(
        execute(
            DISPATCH_V2,
            (x, expert_ids, scales, x_active_mask, expert_scales, elastic_info),
            (
                ep_world_size,
                ep_rank_id,
                moe_expert_num,
                tp_world_size,
                tp_rank_id,
                expert_shard_type,
                shared_expert_num,
                shared_expert_rank_num,
                quant_mode,
                global_bs,
                expert_token_nums_type,
                zero_expert_num,
                copy_expert_num,
                const_expert_num,
            ),
            (name, group_name(group_tp), comm_alg),
            0.0,
            device,
            stream,
            out,
        )
    )
