# SPDX-License-Identifier: Apache-2.0
"""What comes back as numpy arrays of outputs that an operator wrote: all that means something.

The operator is scripted and fills its outputs with numbers other than zero, so what is zero here
was left out on purpose. All is done in place, and with copies as on an NPU.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from scripted_operator import (
    COMBINE_V1,
    COMBINE_V2,
    DISPATCH_V1,
    DISPATCH_V2,
    DISPATCH_V3,
    filled,
    install,
)

import aclnn_moe
from aclnn_moe import dlpack

Array = npt.NDArray[Any]
BF16 = ml_dtypes.bfloat16
BS, K, H, RANKS = 3, 2, 1024, 4


@pytest.fixture(autouse=True, params=[True, False], ids=["in place", "copied"])
def in_place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlpack, "device_is_cpu", lambda: request.param)


def int32(*values: int) -> Array:
    return np.array(values, np.int32)


def written(room: int, local: int, counts: Array, pair: int = 1, **more: Array) -> dict[str, Array]:
    """Outputs of dispatch as an operator with `room` rows fills them."""
    return {
        "expand_x": filled((room * pair, H), BF16),
        "dynamic_scales": filled((room * pair,), np.float32),
        "expand_idx": filled((room * 128,), np.int32),
        "expert_token_nums": filled((local,), np.int64),
        "ep_recv_counts": counts,
        "tp_recv_counts": int32(),
        "expand_scales": filled((room,), np.float32),
        **more,
    }


def run_dispatch(function: Any, **changed: Any) -> aclnn_moe.DispatchResult:
    arguments: dict[str, Any] = {
        "x": np.zeros((BS, H), BF16),
        "expert_ids": np.zeros((BS, K), np.int32),
        "group_ep": "group",
        "ep_world_size": RANKS,
        "ep_rank_id": 0,
        "moe_expert_num": RANKS,
    }
    result: aclnn_moe.DispatchResult = function(**(arguments | changed))
    return result


def check_prefix(got: Array, source: Array, used: int) -> None:
    """Compare the first `used` entries with what was written; all others are zero."""
    assert got.shape == source.shape and got.dtype == source.dtype
    np.testing.assert_array_equal(got[:used], source[:used])
    assert not got[used:].any()


@pytest.mark.parametrize("function", [DISPATCH_V2, DISPATCH_V3])
def test_rows_received_come_back_and_nothing_behind_them(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    room = BS * RANKS
    source = written(room, 1, int32(2, 2, 5, 7))
    install(monkeypatch, function, writes=source)
    got = run_dispatch(aclnn_moe.moe_distribute_dispatch_v2)
    check_prefix(got.expand_x, source["expand_x"], 7)
    check_prefix(got.expand_idx, source["expand_idx"], 21)
    check_prefix(got.dynamic_scales, source["dynamic_scales"], 0)
    check_prefix(got.expand_scales, source["expand_scales"], 0)
    check_prefix(got.ep_recv_counts, source["ep_recv_counts"], 4)
    check_prefix(got.expert_token_nums, source["expert_token_nums"], 1)


@pytest.mark.parametrize("tp_rank_id", [0, 1])
def test_rows_of_both_ranks_of_a_pair_come_back(
    monkeypatch: pytest.MonkeyPatch, tp_rank_id: int
) -> None:
    """5 rows of TP rank 0 and 3 of rank 1; triples are only of this rank's own."""
    room, own = BS * RANKS, (5, 3)[tp_rank_id]
    halves = [int32(1, 2, 4, 5), int32(0, 0, 1, 3)]
    counts = np.concatenate([halves[tp_rank_id], halves[1 - tp_rank_id]])
    source = written(room, 1, counts, pair=2, tp_recv_counts=int32(5, 3))
    source["expand_x"] = filled((room * 2, H), np.int8)
    install(monkeypatch, DISPATCH_V3, writes=source)
    got = run_dispatch(
        aclnn_moe.moe_distribute_dispatch_v2,
        group_tp="pair",
        tp_world_size=2,
        tp_rank_id=tp_rank_id,
        quant_mode=2,
    )
    check_prefix(got.expand_x, source["expand_x"], 8)
    check_prefix(got.dynamic_scales, source["dynamic_scales"], 8)
    check_prefix(got.expand_idx, source["expand_idx"], 3 * own)
    check_prefix(got.ep_recv_counts, counts, 8)
    check_prefix(got.tp_recv_counts, int32(5, 3), 2)


def elastic(ranks: int, shared_ranks: int, experts: int, *new_of: int) -> Array:
    old_of = [new_of.index(new) for new in range(ranks)]
    padding = [-1] * (len(new_of) - ranks)
    return int32(1, ranks, shared_ranks, experts, *new_of, *old_of, *padding)


def test_counts_of_a_smaller_group_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """4 ranks with 2 experts each, of which rank 1 is gone: 2 local experts, 3 sources."""
    counts = int32(1, 2, 3, 3, 4, 6, 99, 99)
    source = written(BS * RANKS * 2, 2, counts)
    install(monkeypatch, DISPATCH_V3, writes=source)
    got = run_dispatch(
        aclnn_moe.moe_distribute_dispatch_v2,
        moe_expert_num=8,
        ep_rank_id=2,
        elastic_info=elastic(3, 0, 6, 0, -1, 1, 2),
    )
    check_prefix(got.ep_recv_counts, counts, 6)
    check_prefix(got.expert_token_nums, source["expert_token_nums"], 2)
    check_prefix(got.expand_x, source["expand_x"], 6)
    check_prefix(got.expand_idx, source["expand_idx"], 18)


def test_a_rank_that_came_to_hold_a_shared_expert_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rank 0 held the shared expert and is gone; rank 1 is the first of the 3 that are left."""
    counts = int32(2, 3, 5, 99, 99, 99, 99, 99)
    source = written(BS * RANKS * 2, 2, counts)
    install(monkeypatch, DISPATCH_V3, writes=source)
    got = run_dispatch(
        aclnn_moe.moe_distribute_dispatch_v2,
        moe_expert_num=6,
        shared_expert_rank_num=1,
        ep_rank_id=1,
        elastic_info=elastic(3, 1, 4, -1, 0, 1, 2),
    )
    check_prefix(got.ep_recv_counts, counts, 3)
    check_prefix(got.expert_token_nums, source["expert_token_nums"], 1)
    check_prefix(got.expand_x, source["expand_x"], 5)


def test_elastic_info_of_a_whole_group_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = int32(1, 1, 2, 2, 2, 3, 3, 4)
    source = written(BS * RANKS * 2, 2, counts)
    install(monkeypatch, DISPATCH_V3, writes=source)
    got = run_dispatch(
        aclnn_moe.moe_distribute_dispatch_v2,
        moe_expert_num=8,
        elastic_info=np.zeros(4 + 2 * RANKS, np.int32),
    )
    check_prefix(got.ep_recv_counts, counts, 8)
    check_prefix(got.expand_x, source["expand_x"], 4)


def test_all_of_v1s_expand_idx_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(BS * RANKS, 1, int32(0, 0, 1, 1), expand_idx=filled((BS * K,), np.int32))
    install(monkeypatch, DISPATCH_V1, writes=source)
    got = run_dispatch(aclnn_moe.moe_distribute_dispatch)
    check_prefix(got.expand_idx, source["expand_idx"], BS * K)
    check_prefix(got.expand_x, source["expand_x"], 1)


def test_v1s_expand_idx_is_zero_where_a_masked_operator_wrote_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = written(BS * RANKS, 1, int32(0, 0, 1, 1), expand_idx=int32(4, 3))
    install(monkeypatch, DISPATCH_V1, writes=source)
    got = run_dispatch(
        aclnn_moe.moe_distribute_dispatch, x_active_mask=np.array([True, False, False])
    )
    assert got.expand_idx.tolist() == [4, 3, 0, 0, 0, 0]


def run_combine(**changed: Any) -> aclnn_moe.CombineResult:
    room = BS * RANKS
    return aclnn_moe.moe_distribute_combine_add_rms_norm(
        np.zeros((room, H), BF16),
        np.zeros((BS, K), np.int32),
        np.zeros(room * 128, np.int32),
        np.zeros(RANKS, np.int32),
        np.zeros((BS, K), np.float32),
        np.zeros((BS, 1, H), BF16),
        np.zeros(H, BF16),
        "group",
        RANKS,
        0,
        RANKS,
        **changed,
    )


@pytest.mark.parametrize("function", [COMBINE_V1, COMBINE_V2])
@pytest.mark.parametrize("given", [True, False], ids=["out", "new"])
def test_rows_that_a_masked_combine_leaves_alone_keep_what_out_had(
    monkeypatch: pytest.MonkeyPatch, given: bool, function: str
) -> None:
    source = {
        "y": filled((2, 1, H), BF16),
        "rstd_out": filled((2, 1, 1), np.float32),
        "x": -filled((2, 1, H), BF16),
    }
    install(monkeypatch, function, writes=source)
    before = aclnn_moe.CombineResult(
        np.full((BS, 1, H), 7, BF16),
        np.full((BS, 1, 1), 8, np.float32),
        np.full((BS, 1, H), 9, BF16),
    )
    mask = np.array([True, True, False])
    got = run_combine(x_active_mask=mask, out=before if given else None)
    for name, kept in (("y", 7), ("rstd_out", 8), ("x", 9)):
        array = getattr(got, name)
        assert (array is getattr(before, name)) == given
        np.testing.assert_array_equal(array[:2], source[name])
        assert (array[2] == (kept if given else 0)).all()


def test_out_beyond_the_rows_received_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    room = BS * RANKS
    source = written(room, 1, int32(0, 1, 1, 2))
    install(monkeypatch, DISPATCH_V3, writes=source)
    out = tuple(np.full_like(array, 55) for array in source.values())
    got = run_dispatch(aclnn_moe.moe_distribute_dispatch_v2, out=out)
    assert all(array is mine for array, mine in zip(got, out, strict=True))
    check_prefix(got.expand_x, source["expand_x"], 2)
    check_prefix(got.expand_idx, source["expand_idx"], 6)
    assert not got.dynamic_scales.any() and not got.expand_scales.any()
