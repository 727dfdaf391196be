# SPDX-License-Identifier: Apache-2.0
"""Shapes and dtypes of one rank's tensors for combine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aclnn_moe.reference.config import QUANT_COMM_INT8, MoeConfig
from aclnn_moe.reference.dispatching import EXPAND_IDX_WORDS
from aclnn_moe.reference.group import RowRoom
from aclnn_moe.reference.quantization import COMM_BLOCK
from aclnn_moe.reference.rounding import BF16, Array
from aclnn_moe.reference.tensors import CombineInput

Shape = tuple[int, ...]


def check_combine_input(rank: int, given: CombineInput, config: MoeConfig, room: RowRoom) -> None:
    """Raise ValueError for the first tensor that is not as specified."""
    token_num, k = given.expert_ids.shape
    pair = config.pair_size
    hidden = given.expand_x.shape[-1]
    flat, deep = (token_num, hidden), (token_num, 1, hidden)
    const_num = config.const_expert_num
    int32, float32 = np.dtype(np.int32), np.dtype(np.float32)

    def want(name: str, tensor: Array | None, dtype: npt.DTypeLike, *shapes: Shape) -> None:
        if tensor is None:
            raise ValueError(f"{name} of rank {rank}: want {dtype} {shapes[0]}, got none")
        if tensor.dtype != dtype or tensor.shape not in shapes:
            allowed = " or ".join(str(shape) for shape in shapes)
            raise ValueError(
                f"{name} of rank {rank}: want {dtype} {allowed}, got {tensor.dtype} {tensor.shape}"
            )

    want("expand_x", given.expand_x, BF16, (room.rows * pair, hidden))
    want("expand_idx", given.expand_idx, int32, (room.rows * EXPAND_IDX_WORDS,), (token_num * k,))
    counts = config.ep_world_size * pair * room.local_experts
    want("ep_send_counts", given.ep_send_counts, int32, (counts,))
    want("expert_scales", given.expert_scales, float32, (token_num, k))
    want("residual_x", given.residual_x, BF16, deep, flat)
    want("gamma", given.gamma, BF16, (hidden,))
    if pair == 2:
        want("tp_send_counts", given.tp_send_counts, int32, (pair,))
    if given.shared_expert_x is not None:
        if config.shared_expert_rank_num:
            raise ValueError(
                f"shared_expert_x of rank {rank}: want none with shared_expert_rank_num "
                f"{config.shared_expert_rank_num}"
            )
        want("shared_expert_x", given.shared_expert_x, BF16, flat, deep)
    if config.copy_expert_num or const_num:
        want("ori_x", given.ori_x, BF16, flat)
    if const_num:
        alphas = ((const_num,), (const_num, hidden))
        want("const_expert_alpha_1", given.const_expert_alpha_1, BF16, *alphas)
        want("const_expert_alpha_2", given.const_expert_alpha_2, BF16, *alphas)
        want("const_expert_v", given.const_expert_v, BF16, (const_num, hidden))
    if config.comm_quant_mode == QUANT_COMM_INT8 and hidden % COMM_BLOCK:
        raise ValueError(
            f"expand_x of rank {rank}: want H a multiple of {COMM_BLOCK} with comm_quant_mode 2, "
            f"got {hidden}"
        )
