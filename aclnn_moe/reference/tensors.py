# SPDX-License-Identifier: Apache-2.0
"""What one rank gives to a call, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass

from aclnn_moe.reference.rounding import Array, Bool, Float32, Int32


@dataclass(frozen=True, kw_only=True)
class DispatchInput:
    """One rank's tensors for dispatch.

    Attributes
    ----------
    x : bfloat16 or float16, (BS, H)
        The rank's tokens.
    expert_ids : int32, (BS, K)
        Experts of each token; no id twice in a row.
    scales : float32, (shared experts + moe_expert_num, H), optional
        Smoothing factors per expert, for quant_mode 2.
    x_active_mask : bool, (BS,) or (BS, K), optional
        Tokens, or choices, that take part.
    """

    x: Array
    expert_ids: Int32
    scales: Float32 | None = None
    x_active_mask: Bool | None = None


@dataclass(frozen=True, kw_only=True)
class DispatchOutput:
    """One rank's results of dispatch. What lies behind the rows received is zero and means nothing.

    Attributes
    ----------
    expand_x : as x, or int8 with quant_mode 2, (pair * A, H)
        Rows received: own, then with TP the peer's.
    dynamic_scales : float32, (pair * A,), or (0,) without quantisation
        ``expand_x * dynamic_scales`` gives back the scaled rows.
    expand_idx : int32, (A * 128,) or (BS * K,)
        What combine needs to send rows back; see `dispatch`.
    expert_token_nums : int64, (local experts,)
        Rows per local expert, or running totals.
    ep_recv_counts : int32, (pair * local experts * EP,)
        Running totals of rows by local expert, then source; with TP the peer's follow.
    tp_recv_counts : int32, (pair,)
        Rows of each rank of the pair.
    expand_scales : float32, (0,)
        Reserved.
    """

    expand_x: Array
    dynamic_scales: Float32
    expand_idx: Int32
    expert_token_nums: Array
    ep_recv_counts: Int32
    tp_recv_counts: Int32
    expand_scales: Float32

    @property
    def row_num(self) -> int:
        """Rows of `expand_x` that mean something."""
        return int(self.tp_recv_counts.sum())


@dataclass(frozen=True, kw_only=True)
class CombineInput:
    """One rank's tensors for combine_add_rms_norm.

    Attributes
    ----------
    expand_x : bfloat16, (pair * A, H)
        Output of the experts, in the row order of dispatch.
    expert_ids : int32, (BS, K)
        As given to dispatch.
    expand_idx, ep_send_counts, tp_send_counts : int32
        As dispatch returned them (`expand_idx`, `ep_recv_counts`, `tp_recv_counts`).
    expert_scales : float32, (BS, K)
        Weight of each choice.
    residual_x : bfloat16, (BS, 1, H) or (BS, H)
        Added to the weighted sum.
    gamma : bfloat16, (H,)
        Weight of the norm.
    x_active_mask : bool, (BS,) or (BS, K), optional
        As given to dispatch.
    shared_expert_x : bfloat16, (BS, H) or (BS, 1, H), optional
        Output of a shared expert that this rank computed itself; unweighted.
    ori_x : bfloat16, (BS, H), optional
        The tokens, for copy and constant experts.
    const_expert_alpha_1, const_expert_alpha_2 : bfloat16, (n,) or (n, H), optional
        Factors of the n constant experts.
    const_expert_v : bfloat16, (n, H), optional
        Their constants.
    """

    expand_x: Array
    expert_ids: Int32
    expand_idx: Int32
    ep_send_counts: Int32
    expert_scales: Float32
    residual_x: Array
    gamma: Array
    tp_send_counts: Int32 | None = None
    x_active_mask: Bool | None = None
    shared_expert_x: Array | None = None
    ori_x: Array | None = None
    const_expert_alpha_1: Array | None = None
    const_expert_alpha_2: Array | None = None
    const_expert_v: Array | None = None


@dataclass(frozen=True, kw_only=True)
class CombineOutput:
    """One rank's results of combine_add_rms_norm.

    Attributes
    ----------
    y : bfloat16, (BS, 1, H)
        The normed sum.
    rstd_out : float32, (BS, 1, 1)
        1 over the root of the mean square.
    x : bfloat16, (BS, 1, H)
        The sum.
    """

    y: Array
    rstd_out: Float32
    x: Array
