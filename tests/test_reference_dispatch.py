# SPDX-License-Identifier: Apache-2.0
"""The oracle's dispatch against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from reference_cases import BF16, RANK_0, RANK_1, TWO_RANKS, bf16, first, ids, tokens

from aclnn_moe.reference import DispatchInput, MoeConfig, dequantize, dispatch


def test_dispatch_orders_rows_by_expert_then_source_then_position() -> None:
    one, other = dispatch([RANK_0, RANK_1], TWO_RANKS)
    assert first(one.expand_x) == [1, 2, 3, 3, 0, 0, 0, 0]
    assert first(other.expand_x) == [1, 4, 2, 4, 0, 0, 0, 0]
    assert (one.row_num, other.row_num) == (4, 4)
    assert one.expand_x.dtype == BF16


def test_dispatch_counts_are_running_totals_by_expert_then_source() -> None:
    one, other = dispatch([RANK_0, RANK_1], TWO_RANKS)
    assert one.ep_recv_counts.tolist() == [2, 3, 3, 4]
    assert other.ep_recv_counts.tolist() == [1, 2, 3, 4]
    assert one.ep_recv_counts.dtype == np.int32
    assert one.tp_recv_counts.tolist() == [4]


@pytest.mark.parametrize(("kind", "want"), [(1, [[3, 1], [2, 2]]), (0, [[3, 4], [2, 4]])])
def test_dispatch_counts_rows_per_expert_or_adds_them_up(kind: int, want: list[Any]) -> None:
    got = dispatch([RANK_0, RANK_1], replace(TWO_RANKS, expert_token_nums_type=kind))
    assert [one.expert_token_nums.tolist() for one in got] == want
    assert got[0].expert_token_nums.dtype == np.int64


def test_dispatch_v2_names_source_token_and_choice_of_each_row() -> None:
    one, other = dispatch([RANK_0, RANK_1], TWO_RANKS)
    assert one.expand_idx.shape == (8 * 128,)
    assert one.expand_idx[:12].tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0]
    assert other.expand_idx[:12].tolist() == [0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1]


def test_dispatch_v1_counts_earlier_choices_of_the_same_expert() -> None:
    one, other = dispatch([RANK_0, RANK_1], TWO_RANKS, layout="V1")
    assert one.expand_idx.tolist() == [0, 0, 0, 1]
    assert other.expand_idx.tolist() == [0, 0, 0, 0]


def test_dispatch_quantizes_each_row_by_its_largest_magnitude() -> None:
    x = bf16([[0.5, -1, 2, 4, 0, 0, 0, 0], [0] * 8])
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, quant_mode=2)
    given = [
        DispatchInput(x=x, expert_ids=ids([0], [1])),
        DispatchInput(x=x, expert_ids=ids([0], [1])),
    ]
    got = dispatch(given, config)[0]
    # 127/4 * (0.5, -1, 2, 4) = 15.875, -31.75, 63.5 (a tie: to even), 127.
    assert got.expand_x[0].tolist() == [16, -32, 64, 127, 0, 0, 0, 0]
    assert got.expand_x.dtype == np.int8
    np.testing.assert_array_equal(
        got.dynamic_scales[:2], np.full(2, np.float32(4) / np.float32(127))
    )
    back = dequantize(got.expand_x[:1], got.dynamic_scales[:1])
    # Half a step of the int8 grid, and float32 rounding of the scale.
    np.testing.assert_allclose(back, x[:1].astype(np.float32), atol=4 / 127 / 2 * 1.001)


def test_dispatch_quantizes_a_zero_row_to_zeros() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, quant_mode=2)
    given = [DispatchInput(x=tokens(0), expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)[0]
    assert got.expand_x[0].tolist() == [0] * 8
    assert got.dynamic_scales[0] == 0


def test_dispatch_scales_rows_by_the_factors_of_their_expert() -> None:
    x = bf16([[0.5, -1, 2, 4, 0, 0, 0, 0]])
    factors = np.ones((2, 8), np.float32)
    factors[1, :4] = [2, 1, 1, 0.5]
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, quant_mode=2)
    given = [DispatchInput(x=x, expert_ids=ids([0, 1]), scales=factors)] * 2
    plain, scaled = dispatch(given, config)
    assert plain.expand_x[0].tolist() == [16, -32, 64, 127, 0, 0, 0, 0]
    # v = 1, -1, 2, 2: 127/2 * v = 63.5 and -63.5 (ties: to even), 127, 127.
    assert scaled.expand_x[0].tolist() == [64, -64, 127, 127, 0, 0, 0, 0]
    assert scaled.dynamic_scales[0] == np.float32(2) / np.float32(127)
