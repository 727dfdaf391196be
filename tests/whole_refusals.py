# SPDX-License-Identifier: Apache-2.0
"""Invalid configurations: one argument of a valid call, drawn outside the operator's tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from reference_cases import BF16

NULLPTR, INVALID, TILING = 161001, 161002, 561002
INT64 = 1 << 63

EP, BS, K, H, EXPERTS = 4, 3, 2, 1024, 8
ROWS = BS * EP * K


@dataclass(frozen=True)
class Refusal:
    """Arguments to change, the status to expect, and a word of the message."""

    changed: dict[str, Any]
    status: int
    word: str


def dispatch_arguments() -> dict[str, Any]:
    return {
        "x": np.zeros((BS, H), BF16),
        "expert_ids": np.tile(np.arange(K, dtype=np.int32), (BS, 1)),
        "ep_world_size": EP,
        "ep_rank_id": 0,
        "moe_expert_num": EXPERTS,
    }


def combine_arguments() -> dict[str, Any]:
    return {
        "expand_x": np.zeros((ROWS, H), BF16),
        "expert_ids": np.tile(np.arange(K, dtype=np.int32), (BS, 1)),
        "expand_idx": np.zeros(ROWS * 128, np.int32),
        "ep_send_counts": np.zeros(EXPERTS, np.int32),
        "expert_scales": np.ones((BS, K), np.float32),
        "residual_x": np.zeros((BS, 1, H), BF16),
        "gamma": np.ones(H, BF16),
        "ep_world_size": EP,
        "ep_rank_id": 0,
        "moe_expert_num": EXPERTS,
    }


def outside(low: int, high: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(-INT64, low - 1), st.integers(high + 1, INT64 - 1))


def near(low: int, high: int) -> st.SearchStrategy[int]:
    """Outside, but not so far that the outputs would not fit into memory."""
    return st.one_of(st.integers(low - 1000, low - 1), st.integers(high + 1, high + 1000))


def one(
    name: str, values: st.SearchStrategy[Any] | Any, status: int = TILING, word: str = ""
) -> st.SearchStrategy[Refusal]:
    drawn = values if isinstance(values, st.SearchStrategy) else st.just(values)
    return drawn.map(lambda value: Refusal({name: value}, status, word or name))


def together(status: int, word: str, **changed: Any) -> st.SearchStrategy[Refusal]:
    return st.just(Refusal(changed, status, word))


BOTH = [
    one("ep_world_size", near(2, 768)),
    one("ep_world_size", st.sampled_from([2, 8]), word="group_ep"),
    one("ep_rank_id", outside(0, EP - 1)),
    one("ep_rank_id", st.integers(1, EP - 1), word="group_ep"),
    one("moe_expert_num", near(1, 1024)),
    one("moe_expert_num", st.integers(1, 1024).filter(lambda n: n % EP != 0)),
    one("group_ep", "", word="group_ep"),
    one("group_ep", st.integers(128, 1000).map("g".__mul__), INVALID),
    together(TILING, "no such group", group_ep="no such group"),
    one("tp_world_size", near(0, 2)),
    one("tp_rank_id", outside(0, 0)),
    one("expert_shard_type", outside(0, 0)),
    one("comm_alg", st.text("abc", min_size=1)),
    one("zero_expert_num", outside(0, (1 << 31) - 1)),
    one("copy_expert_num", st.integers(-INT64, -1)),
    one("const_expert_num", st.integers(-INT64, -1)),
    one(
        "elastic_info",
        st.integers(0, 40).filter(lambda n: n != 4 + 2 * EP).map(lambda n: np.zeros(n, np.int32)),
    ),
    one("shared_expert_num", outside(0, 1)),
    one("shared_expert_rank_num", near(0, EP - 1)),
    together(TILING, "shared_expert_rank_num", shared_expert_rank_num=3, shared_expert_num=2),
    together(TILING, "shared_expert", shared_expert_rank_num=2, shared_expert_num=0),
    one("global_bs", st.integers(1, BS * EP - 1)),
    one("global_bs", st.integers(BS * EP, 512 * EP).filter(lambda n: n % EP != 0)),
    one("global_bs", st.integers(513, 600).map(EP.__mul__)),
]
MASK_AND_GLOBAL_BS = {"global_bs": 2 * BS * EP, "x_active_mask": np.ones(BS, bool)}

DISPATCH = [
    *BOTH,
    one("quant_mode", outside(0, 2).filter(lambda n: n != 1)),
    one("quant_mode", 1),
    together(TILING, "x_active_mask", **MASK_AND_GLOBAL_BS),
    one("expert_token_nums_type", outside(0, 1)),
    one("scales", np.ones((EXPERTS, H), np.float32)),
    together(TILING, "scales", quant_mode=2, scales=np.ones((EXPERTS + 1, H), np.float32)),
    st.one_of(st.sampled_from([992, 8224]), st.integers(1025, 2000).filter(lambda n: n % 32)).map(
        lambda h: Refusal({"x": np.zeros((BS, h), BF16)}, TILING, "H must be")
    ),
    st.sampled_from([0, 17, 20]).map(
        lambda k: Refusal({"expert_ids": np.zeros((BS, k), np.int32)}, TILING, "expert_ids")
    ),
    st.integers(513, 600).map(
        lambda bs: Refusal(
            {"x": np.zeros((bs, H), BF16), "expert_ids": np.zeros((bs, K), np.int32)}, TILING, "BS"
        )
    ),
    together(TILING, "HCCL_BUFFSIZE", moe_expert_num=1024, global_bs=512 * EP),
    together(TILING, "group_tp", tp_world_size=2, moe_expert_num=EP),
    together(TILING, "one expert", tp_world_size=2, group_tp="pair"),
    together(INVALID, "group_tp", tp_world_size=2, moe_expert_num=EP, group_tp="g" * 128),
]

COMBINE = [
    *BOTH,
    one("comm_quant_mode", outside(0, 2)),
    one("copy_expert_num", st.integers(1, 1000), NULLPTR, "ori_x"),
    one("const_expert_num", st.integers(1, 1000), NULLPTR, "ori_x"),
    together(NULLPTR, "const_expert_alpha_1", const_expert_num=2, ori_x=np.zeros((BS, H), BF16)),
    one("comm_quant_mode", 1),
    together(
        TILING,
        "x_active_mask",
        **MASK_AND_GLOBAL_BS,
        expand_x=np.zeros((2 * ROWS, H), BF16),
        expand_idx=np.zeros(2 * ROWS * 128, np.int32),
    ),
    one("out_dtype", outside(0, 0)),
    one("group_list_type", outside(0, 1)),
    one("norm_eps", st.floats(max_value=-1e-30)),
    one("norm_eps", st.sampled_from([float("nan"), float("inf"), float("-inf")])),
    one("activation_scale", np.ones(3, np.float32)),
    one("weight_scale", np.ones(3, np.float32)),
    one("group_list", np.ones(3, np.int64)),
    one("expand_x", st.integers(0, ROWS - 1).map(lambda n: np.zeros((n, H), BF16))),
    one(
        "expand_idx",
        st.integers(0, ROWS * 128 - 1)
        .filter(lambda n: n != BS * K)
        .map(lambda n: np.zeros(n, np.int32)),
    ),
    one("ep_send_counts", st.integers(0, EXPERTS - 1).map(lambda n: np.zeros(n, np.int32))),
    together(NULLPTR, "tp_send_counts", tp_world_size=2, moe_expert_num=EP, group_tp="pair"),
    together(
        TILING,
        "comm_quant_mode",
        tp_world_size=2,
        moe_expert_num=EP,
        group_tp="pair",
        tp_send_counts=np.zeros(2, np.int32),
        comm_quant_mode=2,
    ),
    together(
        TILING,
        "shared_expert_x",
        shared_expert_rank_num=2,
        shared_expert_x=np.zeros((BS, H), BF16),
    ),
]
