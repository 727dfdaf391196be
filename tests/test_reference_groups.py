# SPDX-License-Identifier: Apache-2.0
"""The oracle's masks, shared and special experts, elastic groups, TP pairs, batches that differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reference_cases import (
    RANK_0,
    RANK_1,
    TP_CONFIG,
    TP_GIVEN,
    TWO_RANKS,
    H,
    bf16,
    elastic_info,
    first,
    ids,
    returned,
    shared_case,
    tokens,
)

from aclnn_moe.reference import (
    CombineOutput,
    DispatchInput,
    MoeConfig,
    combine_add_rms_norm,
    dispatch,
)


def test_mask_1d_sends_only_active_tokens_and_leaves_other_outputs_alone() -> None:
    mask = np.array([True, False])
    given = [replace(RANK_0, x_active_mask=mask), RANK_1]
    got = dispatch(given, TWO_RANKS)
    assert first(got[0].expand_x)[:3] == [1, 3, 3]
    assert got[0].ep_recv_counts.tolist() == [1, 2, 2, 3]
    before = [
        CombineOutput(
            y=bf16(np.full((2, 1, H), 7)),
            rstd_out=np.full((2, 1, 1), 7, np.float32),
            x=bf16(np.full((2, 1, H), 7)),
        )
    ] * 2
    results = combine_add_rms_norm(
        [returned(*pair) for pair in zip(given, got, strict=True)], TWO_RANKS, out=before
    )
    assert first(results[0].x) == [2, 7]
    assert first(results[0].y)[1] == 7
    assert results[0].rstd_out.ravel()[1] == 7
    assert first(results[1].x) == [6, 8]
    assert first(before[0].x) == [7, 7]


def test_mask_2d_drops_single_choices_and_tokens_without_any() -> None:
    mask = np.array([[False, True], [False, False]])
    given = [replace(RANK_0, x_active_mask=mask), RANK_1]
    got = dispatch(given, TWO_RANKS)
    assert got[0].ep_recv_counts.tolist() == [0, 1, 1, 2]
    assert got[1].expand_idx[:3].tolist() == [0, 0, 1]
    results = combine_add_rms_norm(
        [
            returned(*pair, residual_x=tokens(10, 10), expert_scales=np.full((2, 2), 4, np.float32))
            for pair in zip(given, got, strict=True)
        ],
        TWO_RANKS,
    )
    assert first(results[0].x) == [4 * 1 + 10, 0]
    assert first(results[1].x) == [4 * 6 + 10, 4 * 8 + 10]


def test_a_choice_masked_out_adds_nothing_whatever_its_scale() -> None:
    config = replace(TWO_RANKS, copy_expert_num=1)
    mask = np.array([[True, False], [True, False]])
    given = [
        replace(RANK_0, expert_ids=ids([0, 2], [3, 4]), x_active_mask=mask),
        replace(RANK_1, x_active_mask=np.ones((2, 2), bool)),
    ]
    got = dispatch(given, config)
    scales = np.array([[1, np.nan], [1, np.inf]], np.float32)
    results = combine_add_rms_norm(
        [
            returned(given[0], got[0], ori_x=tokens(1, 2), expert_scales=scales),
            returned(given[1], got[1], ori_x=tokens(3, 4)),
        ],
        config,
    )
    assert first(results[0].x) == [1, 2]


@pytest.mark.parametrize("layout", ["V1", "V2"])
def test_masked_tokens_may_hold_any_ids(layout: str) -> None:
    junk = ids([0, 2], [-5, -5])
    given = [replace(RANK_0, expert_ids=junk, x_active_mask=np.array([True, False])), RANK_1]
    got = dispatch(given, TWO_RANKS, layout=layout)
    results = combine_add_rms_norm(
        [returned(*pair) for pair in zip(given, got, strict=True)], TWO_RANKS
    )
    assert first(results[0].x) == [2, 0]


def test_copies_of_a_shared_expert_serve_sources_in_turn() -> None:
    config, given = shared_case(1)
    got = dispatch(given, config)
    assert [first(one.expand_x) for one in got[:2]] == [[1, 3], [2, 4]]
    assert [one.ep_recv_counts.tolist() for one in got[:2]] == [[1, 1, 2, 2], [0, 1, 1, 2]]
    assert got[0].expand_idx[:6].tolist() == [0, 0, 1, 2, 0, 1]
    assert [first(one.expand_x) for one in got[2:]] == [[1, 3, 0, 0], [2, 4, 0, 0]]


def test_every_shared_expert_gets_every_token() -> None:
    config, given = shared_case(2)
    got = dispatch(given, config)
    assert [first(one.expand_x) for one in got[:2]] == [[1, 2, 3, 4]] * 2
    assert got[1].expand_idx[:6].tolist() == [0, 0, 2, 1, 0, 2]
    assert got[0].expert_token_nums.tolist() == [4]


@pytest.mark.parametrize("layout", ["V1", "V2"])
@pytest.mark.parametrize("shared_expert_num", [1, 2])
def test_shared_experts_add_unweighted(layout: str, shared_expert_num: int) -> None:
    config, given = shared_case(shared_expert_num)
    got = dispatch(given, config, layout=layout)
    results = combine_add_rms_norm(
        [
            returned(*pair, expert_scales=np.full((1, 1), 0.5, np.float32))
            for pair in zip(given, got, strict=True)
        ],
        config,
    )
    want = [(0.5 + shared_expert_num) * (rank + 1) for rank in range(4)]
    assert [first(one.x)[0] for one in results] == want


@pytest.mark.parametrize("layout", ["V1", "V2"])
def test_a_token_with_one_choice_left_still_visits_the_shared_expert(layout: str) -> None:
    config, given = shared_case(1)
    given = [
        replace(
            one,
            x=tokens(rank + 1, 10),
            expert_ids=ids([0, 1], [1, 0]),
            x_active_mask=np.array([[False, False], [False, True]]),
        )
        for rank, one in enumerate(given)
    ]
    got = dispatch(given, config, layout=layout)
    assert [first(one.expand_x)[:2] for one in got[:2]] == [[10, 10]] * 2
    results = combine_add_rms_norm(
        [
            returned(*pair, expert_scales=np.full((2, 2), 0.5, np.float32))
            for pair in zip(given, got, strict=True)
        ],
        config,
    )
    assert [first(one.x) for one in results] == [[0, 15]] * 4


def test_shared_experts_have_the_first_smoothing_factors() -> None:
    config, given = shared_case(1)
    factors = np.repeat(np.array([[1], [2], [4]], np.float32), H, axis=1)
    got = dispatch([replace(one, scales=factors) for one in given], replace(config, quant_mode=2))
    scales = [(one.dynamic_scales[0] * np.float32(127)).round(5) for one in got]
    # Shared: 1 * (1, 2); expert 0 from rank 0: 2 * 1; expert 1 from rank 1: 4 * 2.
    assert scales == [1, 2, 2, 8]


@pytest.mark.parametrize("deep", [False, True])
def test_shared_expert_x_adds_unweighted(deep: bool) -> None:
    given = [RANK_0, RANK_1]
    got = dispatch(given, TWO_RANKS)
    shared = tokens(100, 50)
    results = combine_add_rms_norm(
        [
            returned(
                *pair,
                shared_expert_x=shared[:, None] if deep else shared,
                expert_scales=np.full((2, 2), 0.5, np.float32),
            )
            for pair in zip(given, got, strict=True)
        ],
        TWO_RANKS,
    )
    assert first(results[0].x) == [101, 52]
    assert first(results[1].x) == [103, 54]


@pytest.mark.parametrize("layout", ["V1", "V2"])
@pytest.mark.parametrize("per_element", [False, True])
def test_special_experts_give_zero_a_copy_and_a_constant(layout: str, per_element: bool) -> None:
    config = MoeConfig(
        ep_world_size=2, moe_expert_num=2, zero_expert_num=1, copy_expert_num=1, const_expert_num=2
    )
    # 0, 1: routed; 2: zero; 3: copy; 4, 5: constant.
    chosen = ids([2, 3], [0, 5], [4, 1])
    given = [DispatchInput(x=tokens(1, 2, 3), expert_ids=chosen)] * 2
    got = dispatch(given, config, layout=layout)
    assert [one.row_num for one in got] == [2, 2]
    assert first(got[0].expand_x)[:2] == [2, 2]
    assert first(got[1].expand_x)[:2] == [3, 3]
    alpha_1, alpha_2 = bf16([2, 3]), bf16([0.5, -1])
    if per_element:
        alpha_1, alpha_2 = (np.repeat(a[:, None], H, axis=1) for a in (alpha_1, alpha_2))
    results = combine_add_rms_norm(
        [
            returned(
                *pair,
                ori_x=tokens(1, 2, 3),
                const_expert_alpha_1=alpha_1,
                const_expert_alpha_2=alpha_2,
                const_expert_v=tokens(10, 20),
                expert_scales=np.array([[9, 0.5], [1, 0.5], [0.5, 1]], np.float32),
            )
            for pair in zip(given, got, strict=True)
        ],
        config,
    )
    # 9*0 + 0.5*1;  2 + 0.5*(3*2 - 20);  0.5*(2*3 + 0.5*10) + 3.
    assert first(results[0].x) == [0.5, -5, 8.5]


@pytest.mark.parametrize("layout", ["V1", "V2"])
def test_elastic_group_works_among_the_ranks_left(layout: str) -> None:
    config = MoeConfig(ep_world_size=4, moe_expert_num=8)
    info = elastic_info(config, {1}, 0, 6)
    given = [
        DispatchInput(x=tokens(rank + 1), expert_ids=ids([2 * rank, 5 - 2 * rank]))
        for rank in range(3)
    ]
    got = dispatch(given, config, layout=layout, elastic_info=info)
    # Choices: (0, 5), (2, 3), (4, 1). Experts 0 1 | 2 3 | 4 5 on the three ranks left.
    assert [first(one.expand_x)[:2] for one in got] == [[1, 3], [2, 2], [3, 1]]
    assert got[0].ep_recv_counts.tolist() == [1, 1, 1, 1, 1, 2, 0, 0]
    assert len(got[0].expand_x) == 4 * 2
    results = combine_add_rms_norm(
        [returned(*pair) for pair in zip(given, got, strict=True)], config, elastic_info=info
    )
    assert [first(one.x) for one in results] == [[2], [4], [6]]


def test_elastic_group_that_is_whole_is_the_same_as_none() -> None:
    info = elastic_info(TWO_RANKS, set(), 0, 4)
    info[0] = 0
    plain = dispatch([RANK_0, RANK_1], TWO_RANKS)
    got = dispatch([RANK_0, RANK_1], TWO_RANKS, elastic_info=info)
    for one, other in zip(plain, got, strict=True):
        np.testing.assert_array_equal(one.expand_x, other.expand_x)
        np.testing.assert_array_equal(one.expand_idx, other.expand_idx)


def test_elastic_group_keeps_shared_experts_first() -> None:
    config, _ = shared_case(1)
    # Ranks 1, 2 and 3 stay: the second copy of the shared expert and both routed experts.
    info = elastic_info(config, {0}, 1, 2)
    given = [DispatchInput(x=tokens(rank + 1), expert_ids=ids([rank % 2])) for rank in range(3)]
    got = dispatch(given, config, elastic_info=info)
    assert first(got[0].expand_x)[:3] == [1, 2, 3]
    results = combine_add_rms_norm(
        [returned(*pair) for pair in zip(given, got, strict=True)], config, elastic_info=info
    )
    assert [first(one.x) for one in results] == [[2], [4], [6]]


def test_tp_pair_gathers_own_rows_first_then_the_peers() -> None:
    got = dispatch(TP_GIVEN, TP_CONFIG)
    assert first(got[0].expand_x) == [1, 5, 6, 8, 0, 0, 0, 0]
    assert first(got[1].expand_x) == [8, 1, 5, 6, 0, 0, 0, 0]
    assert first(got[2].expand_x) == [2, 3, 4, 7, 0, 0, 0, 0]
    assert first(got[3].expand_x) == [3, 4, 7, 2, 0, 0, 0, 0]
    assert [one.tp_recv_counts.tolist() for one in got] == [[3, 1], [3, 1], [1, 3], [1, 3]]
    assert [one.ep_recv_counts.tolist() for one in got[:2]] == [[1, 3, 0, 1], [0, 1, 1, 3]]
    assert got[1].expand_idx[:3].tolist() == [1, 1, 0]


def test_tp_pair_gathers_scales_too() -> None:
    got = dispatch(TP_GIVEN, replace(TP_CONFIG, quant_mode=2))
    assert (got[0].dynamic_scales[:4] * 127).round(4).tolist() == [1, 5, 6, 8]
    assert (got[1].dynamic_scales[:4] * 127).round(4).tolist() == [8, 1, 5, 6]


@pytest.mark.parametrize("layout", ["V1", "V2"])
def test_tp_pair_sums_its_halves_and_rounds_the_sum_to_bf16(layout: str) -> None:
    got = dispatch(TP_GIVEN, TP_CONFIG, layout=layout)
    # The first of each pair returns rows as they are, the second 2**-8 for each.
    halves = [
        one.expand_x if rank % 2 == 0 else bf16(np.full(one.expand_x.shape, 2.0**-8))
        for rank, one in enumerate(got)
    ]
    results = combine_add_rms_norm(
        [
            returned(*pair, halves[rank], tp_send_counts=pair[1].tp_recv_counts)
            for rank, pair in enumerate(zip(TP_GIVEN, got, strict=True))
        ],
        TP_CONFIG,
    )
    # 1 + 2**-8 lies half way between two bf16 values: to even. Above 2 nothing is left of it.
    assert [first(one.x) for one in results] == [[1, 2], [3, 4], [5, 6], [7, 8]]
    bigger = [
        bf16(half.astype(np.float32) * (1 + 2 * (rank % 2))) for rank, half in enumerate(halves)
    ]
    results = combine_add_rms_norm(
        [
            returned(*pair, bigger[rank], tp_send_counts=pair[1].tp_recv_counts)
            for rank, pair in enumerate(zip(TP_GIVEN, got, strict=True))
        ],
        TP_CONFIG,
    )
    assert [first(one.x) for one in results[:1]] == [[1 + 2.0**-6, 2 + 2.0**-6]]


def test_global_bs_leaves_room_for_the_largest_batch() -> None:
    config = replace(TWO_RANKS, global_bs=6)
    three = DispatchInput(x=tokens(5, 6, 7), expert_ids=ids([0, 1], [1, 0], [2, 1]))
    given = [RANK_0, three]
    got = dispatch(given, config)
    assert len(got[0].expand_x) == 6 * 2
    assert got[0].ep_recv_counts.tolist() == [2, 4, 4, 7]
    results = combine_add_rms_norm(
        [returned(*pair) for pair in zip(given, got, strict=True)], config
    )
    assert [first(one.x) for one in results] == [[2, 4], [10, 12, 14]]


def test_a_shared_copy_with_one_source_more_than_another_has_room() -> None:
    config = MoeConfig(ep_world_size=5, moe_expert_num=3, shared_expert_rank_num=2)
    given = [DispatchInput(x=tokens(rank), expert_ids=ids([0])) for rank in range(5)]
    got = dispatch(given, config)
    assert first(got[0].expand_x) == [0, 2, 4]
    assert first(got[1].expand_x) == [1, 3, 0]
