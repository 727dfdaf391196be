# SPDX-License-Identifier: Apache-2.0
"""What the two operators refuse: before C is called, and in C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import MakeRanks
from moe_layer import (
    BF16,
    BS,
    EXPERTS,
    RANKS,
    H,
    K,
    bring_back,
    check_combine,
    given,
    route,
)
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import AclError, empty


def combine_alone(**changed: Any) -> Any:
    """Combine with the arguments of one rank of a group that does not exist."""
    room = BS * RANKS * K
    arguments: dict[str, Any] = {
        "expand_x": np.zeros((room, H), BF16),
        "expert_ids": np.zeros((BS, K), np.int32),
        "expand_idx": np.zeros(room * 128, np.int32),
        "ep_send_counts": np.zeros(EXPERTS, np.int32),
        "expert_scales": np.zeros((BS, K), np.float32),
        "residual_x": np.zeros((BS, 1, H), BF16),
        "gamma": np.zeros(H, BF16),
        "group_ep": "no such group",
        "ep_world_size": RANKS,
        "ep_rank_id": 0,
        "moe_expert_num": EXPERTS,
    }
    return aclnn_moe.moe_distribute_combine_add_rms_norm(**(arguments | changed))


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"moe_expert_num": None}, TypeError, "moe_expert_num is missing"),
        ({"ep_world_size": 2.0}, TypeError, "ep_world_size is 2.0: want an int"),
        ({"norm_eps": "small"}, TypeError, "norm_eps is 'small': want a float"),
        ({"group_ep": b"bytes"}, TypeError, "group is a bytes: want a Communicator or its name"),
        ({"group_ep": "a\0b"}, ValueError, "without zero bytes"),
        ({"global_bs": 1 << 70}, ValueError, "want a number of 64 bits"),
        ({"gamma": None}, TypeError, "gamma is None: want an array"),
        ({"gamma": [1.0] * H}, TypeError, "gamma is a list: want a numpy array or a device array"),
        ({"gamma": np.zeros(H, np.float32)}, TypeError, "gamma is float32: want bfloat16"),
        ({"gamma": np.zeros(H, np.complex64)}, TypeError, "gamma: dtype is"),
        (
            {"gamma": np.zeros(H + 32, BF16)},
            ValueError,
            r"gamma has shape \(1056,\): want \(1024,\), since expand_x has shape \(30, 1024\)",
        ),
        ({"gamma": np.zeros((1, H), BF16)}, ValueError, "gamma has 2 dimensions"),
        (
            {"expert_scales": np.zeros((BS, K + 1), np.float32)},
            ValueError,
            r"expert_scales has shape \(5, 4\): want \(5, 3\), since expert_ids has shape \(5, 3\)",
        ),
        (
            {"residual_x": np.zeros((BS + 1, 1, H), BF16)},
            ValueError,
            r"residual_x has shape \(6, 1, 1024\): want \(5, 1, 1024\) or \(5, 1024\)",
        ),
        ({"x_active_mask": np.zeros(BS, np.int8)}, TypeError, "x_active_mask is int8: want bool"),
        (
            {"x_active_mask": np.zeros(BS + 2, bool)},
            ValueError,
            r"x_active_mask has shape \(7,\): want \(5,\) or \(5, 3\)",
        ),
        ({"stream": "main"}, TypeError, "stream is a str"),
        ({"out": (None, None)}, ValueError, "out has 2 entries: want 3"),
        ({"out": (None, None, np.zeros((BS, H), BF16))}, ValueError, r"out: x has shape \(5, 1024"),
        ({"out": (np.zeros((BS, 1, H)), None, None)}, TypeError, "out: y is float64"),
        ({"out": ([1], None, None)}, TypeError, "out: y is a list"),
    ],
)
def test_combine_refuses_before_c_is_called(
    changed: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        combine_alone(**changed)


@pytest.mark.parametrize("version", ["", "_v2"])
@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"x": np.zeros((BS, H), np.float32)}, TypeError, "x is float32: want bfloat16 or float16"),
        ({"x": np.zeros((BS, 1, H), BF16)}, ValueError, "x has 3 dimensions"),
        ({"expert_ids": np.zeros((BS, K), np.int64)}, TypeError, "expert_ids is int64: want int32"),
        (
            {"expert_ids": np.zeros((BS + 1, K), np.int32)},
            ValueError,
            r"expert_ids has shape \(6, 3\): want \(5, 3\), since x has shape \(5, 1024\)",
        ),
        (
            {"scales": np.zeros((EXPERTS, H + 1), np.float32)},
            ValueError,
            r"scales has shape \(8, 1025\): want \(experts, 1024\)",
        ),
        ({"moe_expert_num": None}, TypeError, "moe_expert_num is missing"),
        ({"quant_mode": 0.5}, TypeError, "quant_mode is 0.5: want an int"),
        ({"group_tp": 7}, TypeError, "group is a int: want a Communicator or its name"),
        ({"out": (None,) * 6}, ValueError, "out has 6 entries: want 7"),
    ],
)
def test_dispatch_refuses_before_c_is_called(
    version: str, changed: dict[str, Any], kind: type[Exception], text: str
) -> None:
    arguments: dict[str, Any] = {
        "x": np.zeros((BS, H), BF16),
        "expert_ids": np.zeros((BS, K), np.int32),
        "group_ep": "no such group",
        "ep_world_size": RANKS,
        "ep_rank_id": 0,
        "moe_expert_num": EXPERTS,
    }
    function = getattr(aclnn_moe, f"moe_distribute_dispatch{version}")
    with pytest.raises(kind, match=text):
        function(**(arguments | changed))


def test_numpy_and_device_arrays_are_not_mixed() -> None:
    with pytest.raises(TypeError, match="expand_x is a numpy array, but gamma is a device array"):
        combine_alone(gamma=empty((H,), "bfloat16", 0))


def test_arrays_of_another_device_than_the_groups_are_refused(thread_ranks: MakeRanks) -> None:
    rank = thread_ranks(RANKS).ranks[0]
    with pytest.raises(ValueError, match="x is on device 1: want device 0"):
        aclnn_moe.moe_distribute_dispatch_v2(
            empty((BS, H), "bfloat16", 1),
            empty((BS, K), "int32", 1),
            rank.group,
            moe_expert_num=EXPERTS,
        )


def test_closed_buffers_groups_and_streams_are_refused(thread_ranks: MakeRanks) -> None:
    rank = thread_ranks(RANKS).ranks[0]
    x, expert_ids = empty((BS, H), "bfloat16", 0), empty((BS, K), "int32", 0)
    stream = aclnn_moe.Stream(0)
    stream.close()
    with pytest.raises(ValueError, match="the stream is closed"):
        aclnn_moe.moe_distribute_dispatch_v2(
            x, expert_ids, rank.group, moe_expert_num=EXPERTS, stream=stream
        )
    x.buffer.close()
    with pytest.raises(ValueError, match="buffer is closed"):
        route(rank, {"x": x, "expert_ids": expert_ids})
    (group,) = aclnn_moe.Communicator.init_all([0])
    group.close()
    with pytest.raises(ValueError, match="want a communicator that is open"):
        combine_alone(group_ep=group)


def refused(call: Callable[[], Any]) -> AclError:
    with pytest.raises(AclError) as caught:
        call()
    return caught.value


def test_a_value_out_of_range_is_refused_by_c_with_both_values(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> AclError:
        source = given(rank.rank)
        sent = route(rank, source)
        error = refused(lambda: bring_back(rank, source, sent, comm_quant_mode=1))
        # The refusal queued nothing: the next call works.
        check_combine(rank.rank, bring_back(rank, source, sent))
        return error

    for error in thread_ranks(RANKS).run(work):
        assert (error.code, error.name) == (561002, "ACLNN_ERR_INNER_TILING_ERROR")
        assert error.function == "aclnnMoeDistributeCombineAddRmsNormV2GetWorkspaceSize"
        assert "1" in error.message and "quant" in error.message.lower()


def test_unknown_group_is_refused_by_c() -> None:
    error = refused(combine_alone)
    assert "no such group" in error.message


def test_an_expert_id_out_of_range_fails_the_stream_with_token_and_value(
    thread_ranks: MakeRanks,
) -> None:
    def work(rank: ThreadRank) -> AclError:
        source = given(rank.rank)
        source["expert_ids"][2, 1] = 4711
        with aclnn_moe.Stream(rank.device) as stream:
            return refused(
                lambda: aclnn_moe.moe_distribute_dispatch_v2(
                    source["x"],
                    source["expert_ids"],
                    rank.group,
                    moe_expert_num=EXPERTS,
                    stream=stream,
                )
            )

    for error in thread_ranks(RANKS).run(work):
        assert "4711" in error.message
        assert "2" in error.message


def test_a_failed_call_without_a_stream_leaves_the_next_one_working(
    thread_ranks: MakeRanks,
) -> None:
    def work(rank: ThreadRank) -> str:
        source = given(rank.rank)
        good = source["expert_ids"].copy()
        source["expert_ids"][0, 0] = -1

        def dispatch() -> aclnn_moe.DispatchResult:
            return aclnn_moe.moe_distribute_dispatch_v2(
                source["x"], source["expert_ids"], rank.group, moe_expert_num=EXPERTS
            )

        error = refused(dispatch)
        source["expert_ids"] = good
        sent = dispatch()
        back = aclnn_moe.moe_distribute_combine_add_rms_norm(
            sent.expand_x,
            good,
            sent.expand_idx,
            sent.ep_recv_counts,
            source["expert_scales"],
            source["residual_x"],
            source["gamma"],
            rank.group,
            moe_expert_num=EXPERTS,
        )
        check_combine(rank.rank, back)
        return error.message

    for message in thread_ranks(RANKS).run(work):
        assert "expert_ids[0, 0] = -1" in message
