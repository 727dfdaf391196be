# SPDX-License-Identifier: Apache-2.0
"""Combine + add + RMSNorm: the experts' rows back to their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from aclnn_moe.array import DeviceArray
from aclnn_moe.array_library import SupportsArrayInterface, SupportsDLPack
from aclnn_moe.communicator import Communicator
from aclnn_moe.execution import execute, group_name, group_place
from aclnn_moe.signatures import COMBINE
from aclnn_moe.stream import Stream

Array = DeviceArray | npt.NDArray[Any] | SupportsDLPack | SupportsArrayInterface


class CombineResult(NamedTuple):
    """What :func:`moe_distribute_combine_add_rms_norm` gives."""

    y: Any  #: (BS, 1, H) bf16: the norm's result
    rstd_out: Any  #: (BS, 1, 1) float32: one over the root of the mean square
    x: Any  #: (BS, 1, H) bf16: the sum before the norm


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
    elastic_info: Array | None = None,
    ori_x: Array | None = None,
    const_expert_alpha_1: Array | None = None,
    const_expert_alpha_2: Array | None = None,
    const_expert_v: Array | None = None,
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
    comm_alg: str = "",
    norm_eps: float = 1e-6,
    zero_expert_num: int = 0,
    copy_expert_num: int = 0,
    const_expert_num: int = 0,
    stream: Stream | int | None = None,
    out: Sequence[Array | None] | None = None,
) -> CombineResult:
    """Bring the experts' rows back, weight and add them, and normalise the sum.

    Calls aclnnMoeDistributeCombineAddRmsNormV2 where a library has it, else V1, which has no place
    for ``elastic_info`` and special experts. Collective over ``group_ep``, and over ``group_tp``
    with TP; asynchronous on device arrays. The names that dispatch shares mean the same here.

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
        (BS,) or (BS, K) bool: tokens, or choices, that take part. Output rows of tokens without
        any are left as they are: what ``out`` had, else not initialised in device arrays and zero
        in others.
    activation_scale, weight_scale, group_list
        Reserved by CANN, which refuses them.
    expand_scales
        Accepted, since dispatch returns it, and ignored on an Atlas A3.
    shared_expert_x
        (BS, H) or (BS, 1, H) bf16: a shared expert's rows, added unweighted.
    elastic_info
        (4 + 2 * ep_world_size,) int32: as for dispatch.
    ori_x
        (BS, H) bf16: the tokens, for copy and constant experts.
    const_expert_alpha_1, const_expert_alpha_2
        (n,) or (n, H) bf16: factors of the token and of ``const_expert_v``, per constant expert.
    const_expert_v
        (n, H) bf16: what the constant experts add to the token.
    group_tp, tp_world_size, tp_rank_id, expert_shard_type, shared_expert_num
        As for dispatch.
    shared_expert_rank_num, global_bs
        As for dispatch.
    out_dtype
        0.
    group_list_type
        0 or 1; it means nothing, as there is no group_list.
    comm_quant_mode
        0: rows travel as they are; 2: as int8.
    comm_alg
        "".
    norm_eps
        Added to the mean square.
    zero_expert_num, copy_expert_num, const_expert_num
        As for dispatch: experts that give nothing, ``ori_x``, and ``const_expert_alpha_1 * ori_x +
        const_expert_alpha_2 * const_expert_v``; each is weighted like any other.
    stream
        A Stream, a raw ``aclrtStream``, or None for the device's default stream.
    out
        Arrays to write to, in the order of the result; None where a new one is wanted.

    Returns
    -------
    CombineResult
        Of device arrays for device arrays, else of the library that made ``expand_x``.

    Raises
    ------
    TypeError, ValueError
        Arguments have wrong types or contradict one another.
    NotImplementedError
        An argument needs V2, which no library has.
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
                elastic_info,
                ori_x,
                const_expert_alpha_1,
                const_expert_alpha_2,
                const_expert_v,
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
                zero_expert_num,
                copy_expert_num,
                const_expert_num,
            ),
            (name, group_name(group_tp), comm_alg),
            norm_eps,
            device,
            stream,
            out,
        )
    )
