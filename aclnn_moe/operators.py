# SPDX-License-Identifier: Apache-2.0
"""The operators: dispatch, and combine + add + RMSNorm.

Both are collective over the EP group: every rank calls them, in the same order. On device arrays
they are asynchronous: they queue work on a stream, copy nothing and wait for nothing. On numpy
arrays they copy in, run, wait for their stream, and copy out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from aclnn_moe.array import DeviceArray
from aclnn_moe.communicator import Communicator
from aclnn_moe.execution import execute, group_name, group_place
from aclnn_moe.signatures import COMBINE, DISPATCH
from aclnn_moe.stream import Stream

Array = npt.NDArray[Any] | DeviceArray


class DispatchResult(NamedTuple):
    """What :func:`moe_distribute_dispatch_v2` gives; A is the rows this rank can receive."""

    expand_x: Any  #: (A * max(tp, 1), H), x's dtype or int8
    dynamic_scales: Any  #: (A * max(tp, 1),) float32, with quant_mode 2
    expand_idx: Any  #: (max(BS * K, A * 128),) int32, for combine
    expert_token_nums: Any  #: (local_expert_num,) int64
    ep_recv_counts: Any  #: (ep * local_expert_num * max(tp, 1),) int32
    tp_recv_counts: Any  #: (tp,) int32
    expand_scales: Any  #: (A,) float32


class CombineResult(NamedTuple):
    """What :func:`moe_distribute_combine_add_rms_norm` gives."""

    y: Any  #: (BS, 1, H) bf16: the norm's result
    rstd_out: Any  #: (BS, 1, 1) float32: one over the root of the mean square
    x: Any  #: (BS, 1, H) bf16: the sum before the norm


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
    """Send every token to the ranks that hold its experts (aclnnMoeDistributeDispatchV2).

    Collective over ``group_ep``; asynchronous on device arrays.

    Parameters
    ----------
    x
        (BS, H) bf16: this rank's tokens.
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
    elastic_info, performance_info, zero_expert_num, copy_expert_num, const_expert_num
        Need aclnnMoeDistributeDispatchV3, which is not there yet.
    group_tp, tp_world_size, tp_rank_id
        The tensor parallel pair; none by default.
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
    stream
        A Stream, a raw ``aclrtStream``, or None for the device's default stream.
    out
        Arrays to write to, in the order of the result; None where a new one is wanted.

    Returns
    -------
    DispatchResult
        Of numpy arrays for numpy arguments (zero beyond the received rows), of device arrays for
        device arrays (not initialised there).

    Raises
    ------
    TypeError, ValueError
        Arguments have wrong types or contradict one another.
    NotImplementedError
        An argument needs V3.
    AclError
        C refuses: a value is out of the specification's range, or the buffer is too small.
    """
    for name, value, default in (
        ("elastic_info", elastic_info, None),
        ("performance_info", performance_info, None),
        ("zero_expert_num", zero_expert_num, 0),
        ("copy_expert_num", copy_expert_num, 0),
        ("const_expert_num", const_expert_num, 0),
    ):
        if value is not default and (default is None or value != default):
            raise NotImplementedError(
                f"{name} needs aclnnMoeDistributeDispatchV3, which this version does not call yet"
            )
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
            (name, group_name(group_tp), comm_alg),
            0.0,
            device,
            stream,
            out,
        )
    )


def moe_distribute_combine_add_rms_norm(
    expand_x: Array,
    expert_ids: Array,
    expand_idx: Array,
    ep_send_counts: Array,
    expert_scales: Array,
    residual_x: Array,
    gamma: Array,
    group_ep: Communicator | str,
    ep_world_size: int | None = None,
    ep_rank_id: int | None = None,
    moe_expert_num: int | None = None,
    *,
    tp_send_counts: Array | None = None,
    x_active_mask: Array | None = None,
    activation_scale: Array | None = None,
    weight_scale: Array | None = None,
    group_list: Array | None = None,
    expand_scales: Array | None = None,
    shared_expert_x: Array | None = None,
    group_tp: Communicator | str = "",
    tp_world_size: int = 0,
    tp_rank_id: int = 0,
    expert_shard_type: int = 0,
    shared_expert_num: int = 1,
    shared_expert_rank_num: int = 0,
    global_bs: int = 0,
    out_dtype: int = 0,
    comm_quant_mode: int = 0,
    group_list_type: int = 0,
    norm_eps: float = 1e-6,
    stream: Stream | int | None = None,
    out: Sequence[Array | None] | None = None,
) -> CombineResult:
    """Bring the experts' rows back, weight and add them, and normalise the sum.

    Calls aclnnMoeDistributeCombineAddRmsNorm. Collective over ``group_ep``; asynchronous on device
    arrays. The names that :func:`moe_distribute_dispatch_v2` shares mean the same here.

    Parameters
    ----------
    expand_x
        (A * max(tp, 1), H) bf16: the experts' results, in the rows of dispatch's ``expand_x``.
    expert_ids
        (BS, K) int32.
    expand_idx
        (A * 128,) or (BS * K,) int32: from dispatch.
    ep_send_counts
        (ep * max(tp, 1) * local_expert_num,) int32: dispatch's ``ep_recv_counts``.
    expert_scales
        (BS, K) float32: weights of the choices.
    residual_x
        (BS, 1, H) or (BS, H) bf16: added to the sum.
    gamma
        (H,) bf16: the norm's weight.
    group_ep, ep_world_size, ep_rank_id, moe_expert_num
        As for dispatch; ``moe_expert_num`` is required.
    tp_send_counts
        (tp,) int32: dispatch's ``tp_recv_counts``, with TP.
    x_active_mask
        (BS,) or (BS, K) bool: output rows of inactive tokens are left as they are.
    activation_scale, weight_scale, group_list
        Reserved by CANN, which refuses them.
    expand_scales
        Accepted, since dispatch returns it, and ignored on an Atlas A3.
    shared_expert_x
        (BS, H) or (BS, 1, H) bf16: a shared expert's rows, added unweighted.
    group_tp, tp_world_size, tp_rank_id, expert_shard_type, shared_expert_num
        As for dispatch.
    shared_expert_rank_num, global_bs
        As for dispatch.
    out_dtype, group_list_type
        0.
    comm_quant_mode
        0: rows travel as they are; 2: as int8.
    norm_eps
        Added to the mean square.
    stream
        A Stream, a raw ``aclrtStream``, or None for the device's default stream.
    out
        Arrays to write to, in the order of the result; None where a new one is wanted.

    Returns
    -------
    CombineResult
        Of numpy arrays for numpy arguments, of device arrays for device arrays.

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
    return CombineResult._make(
        execute(
            COMBINE,
            (
                expand_x,
                expert_ids,
                expand_idx,
                ep_send_counts,
                expert_scales,
                residual_x,
                gamma,
                tp_send_counts,
                x_active_mask,
                activation_scale,
                weight_scale,
                group_list,
                expand_scales,
                shared_expert_x,
            ),
            (
                ep_world_size,
                ep_rank_id,
                moe_expert_num,
                tp_world_size,
                tp_rank_id,
                expert_shard_type,
                shared_expert_num,
                shared_expert_rank_num,
                global_bs,
                out_dtype,
                comm_quant_mode,
                group_list_type,
            ),
            (name, group_name(group_tp), ""),
            norm_eps,
            device,
            stream,
            out,
        )
    )


__all__ = [
    "CombineResult",
    "DispatchResult",
    "moe_distribute_combine_add_rms_norm",
    "moe_distribute_dispatch_v2",
]
