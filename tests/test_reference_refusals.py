# SPDX-License-Identifier: Apache-2.0
"""What the oracle refuses, and how it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from reference_cases import (
    RANK_0,
    RANK_1,
    TP_CONFIG,
    TP_GIVEN,
    TWO_RANKS,
    Array,
    H,
    bf16,
    elastic_info,
    ids,
    returned,
    shared_case,
    tokens,
)

from aclnn_moe.reference import CombineInput, MoeConfig, combine_add_rms_norm, dispatch


def swap(given: CombineInput, **changes: npt.NDArray[Any]) -> list[CombineInput]:
    _, other = dispatch([RANK_0, RANK_1], TWO_RANKS)
    return [replace(given, **changes), returned(RANK_1, other)]


BAD_CONFIGS = [
    ({"ep_world_size": 1}, "ep_world_size: want at least 2, got 1"),
    ({"moe_expert_num": 0}, "moe_expert_num: want at least 1, got 0"),
    ({"moe_expert_num": 5}, "moe_expert_num: want a multiple of .* 4, got 5"),
    ({"tp_world_size": 3}, r"tp_world_size: want one of \(0, 1, 2\), got 3"),
    ({"tp_world_size": 2}, "tp_world_size 2 wants one expert per rank, got moe_expert_num 8 on 4"),
    (
        {"tp_world_size": 2, "moe_expert_num": 4, "comm_quant_mode": 2},
        "tp_world_size 2 wants comm_quant_mode 0, got 2",
    ),
    ({"quant_mode": 1}, r"quant_mode: want one of \(0, 2\), got 1"),
    ({"comm_quant_mode": 1}, r"comm_quant_mode: want one of \(0, 2\), got 1"),
    ({"expert_token_nums_type": 2}, r"expert_token_nums_type: want one of \(0, 1\), got 2"),
    ({"norm_eps": -1.0}, "norm_eps: want finite and >= 0, got -1.0"),
    ({"norm_eps": float("nan")}, "norm_eps: want finite and >= 0, got nan"),
    ({"shared_expert_num": 2}, "shared_expert_num: want 0 or 1 .*, got 2"),
    ({"shared_expert_rank_num": 4}, "shared_expert_rank_num: want below ep_world_size = 4, got 4"),
    (
        {"shared_expert_rank_num": 3, "shared_expert_num": 2},
        "shared_expert_rank_num: want a multiple of shared_expert_num = 2, got 3",
    ),
    ({"global_bs": 6}, "global_bs: want a multiple of ep_world_size = 4, got 6"),
    ({"zero_expert_num": -1}, "zero_expert_num: want at least 0, got -1"),
]


@pytest.mark.parametrize(("changes", "text"), BAD_CONFIGS)
def test_config_refuses_attributes_that_do_not_fit(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MoeConfig(**({"ep_world_size": 4, "moe_expert_num": 8} | changes))


BAD_DISPATCH = [
    ({"expert_ids": ids([0, 4], [3, 0])}, "expert_ids of rank 0: .* got 4 at token 0, choice 1"),
    ({"expert_ids": ids([0, -1], [3, 0])}, "expert_ids of rank 0: .* got -1 at token 0, choice 1"),
    ({"expert_ids": ids([0, 1], [3, 3])}, "no id twice in a row, got 3 twice at token 1"),
    ({"expert_ids": ids([0, 1], [3, 2]).astype(np.int64)}, "expert_ids of rank 0: want int32"),
    ({"x": tokens(1)}, r"x of rank 0: want bfloat16 or float16 \(2, H\), got bfloat16 \(1, 8\)"),
    ({"x": tokens(1, 2).astype(np.float32)}, "x of rank 0: .* got float32"),
    ({"x": tokens(1, 2)[:, :4]}, r"K, H: want \(2, 4\) on every rank.* got \(2, 8\) on rank 1"),
    ({"scales": np.ones((4, H), np.float32)}, "scales of rank 0: want none with quant_mode 0"),
    (
        {"x_active_mask": np.array([False, True])},
        "every true before every false, got false at token 0 and true at token 1",
    ),
    ({"x_active_mask": np.ones(3, bool)}, r"x_active_mask of rank 0: want bool \(2,\) or \(2, 2\)"),
    (
        {"x": tokens(1), "expert_ids": ids([0, 1])},
        r"global_bs: want the largest BS times ep_world_size = 4 .*rank 0 has 1\), got 0",
    ),
]


@pytest.mark.parametrize(("changes", "text"), BAD_DISPATCH)
def test_dispatch_refuses_tensors_that_do_not_fit(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        dispatch([replace(RANK_0, **changes), RANK_1], TWO_RANKS)


def test_dispatch_refuses_a_list_that_is_not_one_entry_per_rank() -> None:
    with pytest.raises(ValueError, match=r"ranks: want 2 entries \(2 ranks times 1\), got 1"):
        dispatch([RANK_0], TWO_RANKS)


def test_dispatch_refuses_an_unknown_layout() -> None:
    with pytest.raises(ValueError, match="layout: want 'V1' or 'V2', got 'V4'"):
        dispatch([RANK_0, RANK_1], TWO_RANKS, layout="V4")


def test_dispatch_refuses_smoothing_factors_of_another_shape() -> None:
    with pytest.raises(
        ValueError, match=r"scales of rank 0: want float32 \(4, 8\), got .*\(3, 8\)"
    ):
        dispatch(
            [replace(RANK_0, scales=np.ones((3, H), np.float32)), RANK_1],
            replace(TWO_RANKS, quant_mode=2),
        )


def test_masks_are_refused_where_batches_differ() -> None:
    given = [RANK_0, replace(RANK_1, x_active_mask=np.array([True, True]))]
    with pytest.raises(ValueError, match="x_active_mask of rank 1: want none when BS differs"):
        dispatch(given, replace(TWO_RANKS, global_bs=6))


def test_global_bs_below_the_largest_batch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"global_bs: want at least .* = 4 for rank 0, got 2"):
        dispatch([RANK_0, RANK_1], replace(TWO_RANKS, global_bs=2))


BAD_ELASTIC = [
    (lambda info: info[:-1], r"elastic_info: want shape \(12,\), got \(11,\)"),
    (lambda info: np.where(np.arange(12) == 4, 7, info), "elastic_info: want the 3 ranks left"),
    (
        lambda info: np.where(np.arange(12) == 8, 1, info),
        "two tables that are each other's inverse",
    ),
    (lambda info: np.where(np.arange(12) == 2, 1, info), "multiple of shared_expert_num = 0"),
    (lambda info: np.where(np.arange(12) == 3, 7, info), "a multiple of 3 experts left, .* got 7"),
]


@pytest.mark.parametrize(("spoil", "text"), BAD_ELASTIC)
def test_elastic_info_that_contradicts_itself_is_refused(
    spoil: Callable[[Array], Array], text: str
) -> None:
    config = MoeConfig(ep_world_size=4, moe_expert_num=8)
    info = spoil(elastic_info(config, {3}, 0, 6)).astype(np.int32)
    with pytest.raises(ValueError, match=text):
        dispatch([RANK_0, RANK_1, RANK_0], config, elastic_info=info)


def test_experts_that_have_gone_are_refused() -> None:
    config = MoeConfig(ep_world_size=4, moe_expert_num=8, zero_expert_num=1)
    info = elastic_info(config, {3}, 0, 6)
    gone = replace(RANK_0, expert_ids=ids([8, 6], [0, 1]))
    text = r"want ids in \[0, 6\) or special ones in \[8, 9\), got 6 at token 0, choice 1"
    with pytest.raises(ValueError, match=text):
        dispatch([gone, RANK_1, RANK_0], config, elastic_info=info)


def test_elastic_info_is_refused_with_tp() -> None:
    info = elastic_info(TP_CONFIG, set(), 0, 2)
    with pytest.raises(ValueError, match="elastic_info: want none with tp_world_size 2"):
        dispatch(TP_GIVEN, TP_CONFIG, elastic_info=info)


BAD_COMBINE = [
    ({"expand_x": tokens(1, 2)}, r"expand_x of rank 0: want bfloat16 \(8, 8\), got .*\(2, 8\)"),
    (
        {"expand_idx": np.zeros(5, np.int32)},
        r"expand_idx of rank 0: want int32 \(1024,\) or \(4,\)",
    ),
    ({"ep_send_counts": np.zeros(2, np.int32)}, r"ep_send_counts of rank 0: want int32 \(4,\)"),
    ({"expert_scales": np.ones((2, 2))}, "expert_scales of rank 0: want float32 .*got float64"),
    ({"residual_x": tokens(1)}, r"residual_x of rank 0: want bfloat16 \(2, 1, 8\) or \(2, 8\)"),
    ({"gamma": bf16(np.ones(4))}, r"gamma of rank 0: want bfloat16 \(8,\), got bfloat16 \(4,\)"),
    ({"shared_expert_x": tokens(1)}, r"shared_expert_x of rank 0: want bfloat16 \(2, 8\)"),
    (
        {"ep_send_counts": np.array([2, 1, 3, 4], np.int32)},
        "ep_send_counts of rank 0: want running totals, got a fall at block 1",
    ),
    (
        {"ep_send_counts": np.array([1, 3, 3, 4], np.int32)},
        "row 1 of rank 0 names rank 0, token 1, slot 1, but ep_send_counts have it from rank 1",
    ),
    ({"expand_idx": np.zeros(1024, np.int32)}, "row 1 of rank 0 .* as an earlier row does"),
]


@pytest.mark.parametrize(("changes", "text"), BAD_COMBINE)
def test_combine_refuses_tensors_that_do_not_fit(changes: dict[str, Any], text: str) -> None:
    given, _ = dispatch([RANK_0, RANK_1], TWO_RANKS)
    with pytest.raises(ValueError, match=text):
        combine_add_rms_norm(swap(returned(RANK_0, given), **changes), TWO_RANKS)


def test_combine_refuses_rows_of_choices_that_were_not_sent() -> None:
    given, _ = dispatch([RANK_0, RANK_1], TWO_RANKS)
    wrong = given.expand_idx.copy()
    wrong[1] = 9
    with pytest.raises(ValueError, match="names rank 0, token 9, slot 0, which was not sent"):
        combine_add_rms_norm(swap(returned(RANK_0, given), expand_idx=wrong), TWO_RANKS)


def test_combine_refuses_choices_without_a_row() -> None:
    given, other = dispatch([RANK_0, RANK_1], TWO_RANKS)
    fewer = np.array([2, 3, 3, 3], np.int32)
    with pytest.raises(ValueError, match="no row for token 0, slot 0 of rank 1"):
        combine_add_rms_norm(
            [returned(RANK_0, replace(given, ep_recv_counts=fewer)), returned(RANK_1, other)],
            TWO_RANKS,
        )


def test_combine_refuses_v1_positions_that_contradict_the_counts() -> None:
    given, other = dispatch([RANK_0, RANK_1], TWO_RANKS, layout="V1")
    wrong = np.array([0, 0, 0, 2], np.int32)
    text = r"expand_idx of rank 0: want positions 0 to 1 in local expert 0 .*got \[0, 2\]"
    with pytest.raises(ValueError, match=text):
        combine_add_rms_norm(
            [returned(RANK_0, replace(given, expand_idx=wrong)), returned(RANK_1, other)],
            TWO_RANKS,
        )


def test_combine_refuses_tp_counts_that_contradict_the_rows() -> None:
    got = dispatch(TP_GIVEN, TP_CONFIG)
    given = [
        returned(*pair, tp_send_counts=pair[1].tp_recv_counts)
        for pair in zip(TP_GIVEN, got, strict=True)
    ]
    given[1] = replace(given[1], tp_send_counts=np.array([2, 2], np.int32))
    with pytest.raises(ValueError, match=r"tp_send_counts of rank 1: want .*\[3, 1\], got \[2 2\]"):
        combine_add_rms_norm(given, TP_CONFIG)


def test_shared_expert_x_is_refused_with_shared_expert_ranks() -> None:
    config, given = shared_case(1)
    got = dispatch(given, config)
    with pytest.raises(ValueError, match="shared_expert_x of rank 0: want none"):
        combine_add_rms_norm(
            [returned(*pair, shared_expert_x=tokens(1)) for pair in zip(given, got, strict=True)],
            config,
        )


@pytest.mark.parametrize("missing", ["ori_x", "const_expert_alpha_1", "const_expert_v"])
def test_combine_refuses_special_experts_without_their_tensors(missing: str) -> None:
    config = replace(TWO_RANKS, const_expert_num=1)
    got = dispatch([RANK_0, RANK_1], config)
    more: dict[str, Any] = {
        "ori_x": tokens(1, 2),
        "const_expert_alpha_1": bf16([1]),
        "const_expert_alpha_2": bf16([1]),
        "const_expert_v": tokens(1),
    }
    del more[missing]
    with pytest.raises(ValueError, match=f"{missing} of rank 0: want bfloat16 .*, got none"):
        combine_add_rms_norm(
            [returned(*pair, **more) for pair in zip([RANK_0, RANK_1], got, strict=True)],
            config,
        )


def test_comm_quant_refuses_a_hidden_size_that_is_not_whole_blocks() -> None:
    config = replace(TWO_RANKS, comm_quant_mode=2)
    given = [replace(RANK_0, x=RANK_0.x[:, :4]), replace(RANK_1, x=RANK_1.x[:, :4])]
    got = dispatch(given, config)
    with pytest.raises(ValueError, match="want H a multiple of 8 with comm_quant_mode 2, got 4"):
        combine_add_rms_norm([returned(*pair) for pair in zip(given, got, strict=True)], config)
