# SPDX-License-Identifier: Apache-2.0
"""Small cases for the oracle's tests.

H is 8, and all elements of a token are the same, so that one number stands for a row.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from aclnn_moe.reference import CombineInput, DispatchInput, DispatchOutput, MoeConfig

Array = npt.NDArray[Any]
BF16 = np.dtype(ml_dtypes.bfloat16)
H = 8


def bf16(values: npt.ArrayLike) -> Array:
    return np.asarray(values, np.float32).astype(BF16)


def ids(*rows: list[int]) -> Array:
    return np.array(rows, np.int32)


def tokens(*values: float) -> Array:
    return bf16(np.repeat(np.array(values)[:, None], H, axis=1))


def first(rows: Array) -> list[float]:
    """First element of each row; all others must equal it."""
    flat = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    np.testing.assert_array_equal(flat, np.repeat(flat[:, :1], flat.shape[1], axis=1))
    return flat[:, 0].tolist()


def returned(
    given: DispatchInput, got: DispatchOutput, expert_x: Array | None = None, **more: object
) -> CombineInput:
    """What combine takes when the experts returned `expert_x` (default: what they got)."""
    token_num, k = given.expert_ids.shape
    hidden = given.x.shape[1]
    defaults: dict[str, object] = {
        "expert_scales": np.ones((token_num, k), np.float32),
        "residual_x": bf16(np.zeros((token_num, hidden))),
        "gamma": bf16(np.ones(hidden)),
        "x_active_mask": given.x_active_mask,
    }
    return CombineInput(
        expand_x=got.expand_x if expert_x is None else expert_x,
        expert_ids=given.expert_ids,
        expand_idx=got.expand_idx,
        ep_send_counts=got.ep_recv_counts,
        **(defaults | more),
    )


# Two ranks, two experts each, two tokens each, K = 2.
TWO_RANKS = MoeConfig(ep_world_size=2, moe_expert_num=4)
RANK_0 = DispatchInput(x=tokens(1, 2), expert_ids=ids([0, 2], [3, 0]))
RANK_1 = DispatchInput(x=tokens(3, 4), expert_ids=ids([1, 0], [2, 3]))


# Ranks 0 to 3; 0 and 1 hold shared experts, 2 and 3 one routed expert each.
def shared_case(shared_expert_num: int) -> tuple[MoeConfig, list[DispatchInput]]:
    config = MoeConfig(
        ep_world_size=4,
        moe_expert_num=2,
        shared_expert_num=shared_expert_num,
        shared_expert_rank_num=2,
    )
    given = [DispatchInput(x=tokens(rank + 1), expert_ids=ids([rank % 2])) for rank in range(4)]
    return config, given


def elastic_info(config: MoeConfig, gone: set[int], shared_left: int, experts_left: int) -> Array:
    size = config.ep_world_size
    left = [rank for rank in range(size) if rank not in gone]
    info = np.full(4 + 2 * size, -1, np.int32)
    info[:4] = [1, len(left), shared_left, experts_left]
    for new, rank in enumerate(left):
        info[4 + rank] = new
        info[4 + size + new] = rank
    return info


# World rank = ep_rank * 2 + tp_rank; each tp_rank has tokens of its own.
TP_CONFIG = MoeConfig(ep_world_size=2, moe_expert_num=2, tp_world_size=2)
TP_GIVEN = [
    DispatchInput(x=tokens(1, 2), expert_ids=ids([0], [1])),
    DispatchInput(x=tokens(3, 4), expert_ids=ids([1], [1])),
    DispatchInput(x=tokens(5, 6), expert_ids=ids([0], [0])),
    DispatchInput(x=tokens(7, 8), expert_ids=ids([1], [0])),
]
