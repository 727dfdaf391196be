# SPDX-License-Identifier: Apache-2.0
"""Experts that are computed where the token is: zero, copy and constant."""

from __future__ import annotations

import numpy as np

from aclnn_moe.reference.choices import Choices
from aclnn_moe.reference.config import MoeConfig
from aclnn_moe.reference.rounding import Array, Float32, to_f32
from aclnn_moe.reference.tensors import CombineInput


def special_row(given: CombineInput, choices: Choices, slot: int, config: MoeConfig) -> Float32:
    """Compute the special experts chosen in `slot`: float32 (BS, H), zero for all other tokens."""
    token_num, hidden = len(choices.expert_ids), len(given.gamma)
    rows = np.zeros((token_num, hidden), np.float32)
    ids = np.where(choices.taken[:, slot], choices.expert_ids[:, slot], -1)
    first_copy = config.moe_expert_num + config.zero_expert_num
    first_const = first_copy + config.copy_expert_num

    copied = np.flatnonzero((ids >= first_copy) & (ids < first_const))
    if len(copied):
        rows[copied] = to_f32(_given("ori_x", given.ori_x))[copied]
    constant = np.flatnonzero(ids >= first_const)
    if len(constant):
        which = ids[constant] - first_const
        ori_x = to_f32(_given("ori_x", given.ori_x))[constant]
        alpha_1 = to_f32(_given("const_expert_alpha_1", given.const_expert_alpha_1))[which]
        alpha_2 = to_f32(_given("const_expert_alpha_2", given.const_expert_alpha_2))[which]
        constants = to_f32(_given("const_expert_v", given.const_expert_v))[which]
        rows[constant] = _per_element(alpha_1) * ori_x + _per_element(alpha_2) * constants
    return rows


def _per_element(alpha: Float32) -> Float32:
    """Alphas come as one number per expert, or one per element of the row."""
    return alpha[:, None] if alpha.ndim == 1 else alpha


def _given(name: str, tensor: Array | None) -> Array:
    if tensor is None:
        raise ValueError(f"{name}: want bfloat16 for the special experts chosen, got none")
    return tensor
