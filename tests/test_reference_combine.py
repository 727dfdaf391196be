# SPDX-License-Identifier: Apache-2.0
"""The oracle's combine against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reference_cases import BF16, RANK_0, RANK_1, TWO_RANKS, H, bf16, first, ids, returned, tokens

from aclnn_moe.reference import DispatchInput, MoeConfig, combine_add_rms_norm, dispatch


@pytest.mark.parametrize("layout", ["V1", "V2"])
@pytest.mark.parametrize("deep", [False, True])
def test_combine_by_hand(layout: str, deep: bool) -> None:
    """Expert e multiplies by e + 1. Every sum is a power of two, so rstd is exact."""
    given = [RANK_0, RANK_1]
    got = dispatch(given, TWO_RANKS, layout=layout)
    experts = [tokens(1, 2, 3, 6, 9, 9, 9, 9), tokens(3, 12, 8, 16, 9, 9, 9, 9)]
    residuals = [tokens(0.75, 4), tokens(-0.5, 2)]
    scales = [
        np.array([[0.5, 0.25], [1, 2]], np.float32),
        np.array([[0.25, 1], [1, -1]], np.float32),
    ]
    gamma = bf16([1, 2, -1, 0.5, 0, 3, 4, -8])
    results = combine_add_rms_norm(
        [
            returned(
                *pair,
                expert_x=experts[rank],
                residual_x=residuals[rank][:, None] if deep else residuals[rank],
                expert_scales=scales[rank],
                gamma=gamma,
            )
            for rank, pair in enumerate(zip(given, got, strict=True))
        ],
        replace(TWO_RANKS, norm_eps=0.0),
    )
    # Rank 0: 0.5*1 + 0.25*3 + 0.75 = 2;  1*8 + 2*2 + 4 = 16.
    # Rank 1: 0.25*6 + 1*3 - 0.5 = 4;     1*12 - 1*16 + 2 = -2.
    assert first(results[0].x) == [2, 16]
    assert first(results[1].x) == [4, -2]
    assert results[0].rstd_out.ravel().tolist() == [1 / 2, 1 / 16]
    assert results[1].rstd_out.ravel().tolist() == [1 / 4, 1 / 2]
    for result, signs in zip(results, ([1, 1], [1, -1]), strict=True):
        want = np.outer(signs, gamma.astype(np.float32))[:, None]
        np.testing.assert_array_equal(result.y.astype(np.float32), want)
        assert result.y.shape == result.x.shape == (2, 1, H)
        assert result.rstd_out.shape == (2, 1, 1)
        assert (result.y.dtype, result.x.dtype, result.rstd_out.dtype) == (BF16, BF16, np.float32)


def one_token_sum(rows: list[float], scales: list[float], residual: float) -> float:
    """x of a token whose K experts return `rows`; the other rank's token does not matter."""
    k = len(rows)
    config = MoeConfig(ep_world_size=2, moe_expert_num=2 * k)
    given = [
        DispatchInput(x=tokens(0), expert_ids=np.arange(k, dtype=np.int32)[None]),
        DispatchInput(x=tokens(0), expert_ids=np.arange(k, 2 * k, dtype=np.int32)[None]),
    ]
    got = dispatch(given, config)
    experts = tokens(*rows, *[0] * (len(got[0].expand_x) - k))
    result = combine_add_rms_norm(
        [
            returned(
                given[0],
                got[0],
                experts,
                expert_scales=np.array([scales], np.float32),
                residual_x=tokens(residual),
            ),
            returned(given[1], got[1]),
        ],
        config,
    )
    return first(result[0].x)[0]


def test_combine_adds_choices_in_order_of_k() -> None:
    big = 2.0**24  # float32 has no 2**24 + 1
    assert one_token_sum([big, 1, 1], [1, 1, 1], -big) == 0
    assert one_token_sum([1, 1, big], [1, 1, 1], -big) == 2


def test_combine_rounds_the_product_before_the_sum() -> None:
    """A fused multiply-add would keep the 2**-30 of (1 + 2**-7) * (1 + 2**-23)."""
    row = 1 + 2.0**-7
    assert one_token_sum([-row, row], [1, 1 + 2.0**-23], 0) == 2.0**-23


def test_combine_starts_from_positive_zero() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2)
    given = [DispatchInput(x=tokens(-0.0), expert_ids=ids([0]))] * 2
    got = dispatch(given, config)
    results = combine_add_rms_norm(
        [
            returned(given[r], got[r], residual_x=tokens(-0.0), expert_scales=np.ones((1, 1), "f"))
            for r in range(2)
        ],
        config,
    )
    assert not np.signbit(results[0].x.astype(np.float32)).any()


def test_combine_rounds_y_before_and_after_gamma() -> None:
    """rstd = 5**-0.5; 3 * rstd = 1.34164 is 1.34375 in bf16; times 1.0625 is 1.42773."""
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, norm_eps=0.0)
    x = bf16([[3, 1] * 4])
    given = [DispatchInput(x=x, expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    gamma = bf16(np.full(H, 1.0625))
    results = combine_add_rms_norm(
        [returned(given[r], got[r], gamma=gamma) for r in range(2)], config
    )
    # Rounded once, 1.34164 * 1.0625 = 1.42549 would be 1.421875.
    assert results[0].y[0, 0, 0] == 1.4296875
    np.testing.assert_allclose(results[0].rstd_out, 5**-0.5, rtol=2**-24)


def test_combine_takes_rstd_from_the_sum_not_from_the_rounded_x() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, norm_eps=0.0)
    given = [DispatchInput(x=tokens(1), expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    residual = tokens(2.0**-9)  # 1 + 2**-9 is 1 in bf16
    results = combine_add_rms_norm(
        [returned(given[r], got[r], residual_x=residual) for r in range(2)], config
    )
    assert first(results[0].x) == [1]
    np.testing.assert_allclose(results[0].rstd_out, 1 / (1 + 2.0**-9), rtol=2**-24)


def test_norm_eps_is_added_to_the_mean_square() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, norm_eps=3.0)
    given = [DispatchInput(x=tokens(1), expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    results = combine_add_rms_norm([returned(given[r], got[r]) for r in range(2)], config)
    assert results[0].rstd_out.ravel().tolist() == [0.5]


def test_norm_eps_0_gives_infinite_rstd_for_a_zero_token() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, norm_eps=0.0)
    given = [DispatchInput(x=tokens(0), expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    results = combine_add_rms_norm([returned(given[r], got[r]) for r in range(2)], config)
    assert np.isposinf(results[0].rstd_out).all()
    assert np.isnan(results[0].y.astype(np.float32)).all()
    assert first(results[0].x) == [0]


def test_comm_quant_sends_blocks_of_8_with_bf16_scales() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, comm_quant_mode=2)
    x = bf16([[127, 1, 0.5, 1.5, -64.25, 0, -0.25, 2] + [0] * 8])
    given = [DispatchInput(x=x, expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    results = combine_add_rms_norm([returned(given[r], got[r]) for r in range(2)], config)
    # Scale 1. Ties to even; the block of zeros stays zero. -64.25 is -64 or -64.5 in bf16: -64.
    assert results[0].x.astype(float).ravel().tolist() == [127, 1, 0, 2, -64, 0, 0, 2] + [0] * 8


def test_comm_quant_rounds_the_scale_to_bf16_before_use() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, comm_quant_mode=2)
    x = bf16([[1.9921875, 0.5, 0, 0, 0, 0, 0, -1.9921875]])
    given = [DispatchInput(x=x, expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    results = combine_add_rms_norm([returned(given[r], got[r]) for r in range(2)], config)
    # 1.9921875 / 127 = 128.504 / 2**13, in bf16 129 / 2**13. 127 of that are 1.99988: 2 in bf16.
    # 0.5 is 31.75 of it: 32.
    assert results[0].x.astype(float).ravel().tolist() == [2, 32 * 129 / 2**13, 0, 0, 0, 0, 0, -2]


def test_comm_quant_sends_zeros_where_the_scale_vanishes() -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, comm_quant_mode=2)
    x = bf16(np.full((1, H), 2.0**-133))  # 1/127 of it is no bf16 number any more
    given = [DispatchInput(x=x, expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    results = combine_add_rms_norm([returned(given[r], got[r]) for r in range(2)], config)
    assert first(results[0].x) == [0]


@pytest.mark.parametrize(
    ("block", "arrives"),
    [
        # NaN is no candidate for the maximum: the others travel with scale 1.
        ([np.nan, 127, -3, 0.25, 0, 0, 0, 0], [np.nan, 127, -3, 0, 0, 0, 0, 0]),
        # Beside an infinity every number is nothing; infinities and NaN stay.
        (
            [np.inf, -np.inf, np.nan, 3e38, -1, 0, 1e-40, 0],
            [np.inf, -np.inf, np.nan, 0, 0, 0, 0, 0],
        ),
        # A scale of 0.
        ([np.nan, 2.0**-133, -(2.0**-133), 0, 0, 0, 0, 0], [np.nan, 0, 0, 0, 0, 0, 0, 0]),
        ([np.nan] * 8, [np.nan] * 8),
    ],
)
def test_comm_quant_lets_nan_and_infinities_spoil_nobody_else(
    block: list[float], arrives: list[float]
) -> None:
    config = MoeConfig(ep_world_size=2, moe_expert_num=2, comm_quant_mode=2)
    x = bf16([block + [127] * 8])
    given = [DispatchInput(x=x, expert_ids=ids([rank])) for rank in range(2)]
    got = dispatch(given, config)
    with np.errstate(invalid="ignore"):
        result = combine_add_rms_norm([returned(given[r], got[r]) for r in range(2)], config)[0]
    np.testing.assert_array_equal(result.x.astype(np.float32).ravel(), arrives + [127] * 8)
