# SPDX-License-Identifier: Apache-2.0
"""The two operators as Python functions: arguments, both kinds of arrays, results."""

from __future__ import annotations

import gc
import inspect
import threading
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
    on_device,
    route,
    wanted,
)
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import DeviceArray, asarray


def test_numpy_in_numpy_out_agrees_with_the_reference(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> tuple[Any, Any]:
        source = given(rank.rank)
        sent = route(rank, source)
        return sent, bring_back(rank, source, sent)

    sent_wanted, _ = wanted()
    for rank, (sent, back) in enumerate(thread_ranks(RANKS).run(work)):
        assert isinstance(sent, aclnn_moe.DispatchResult)
        assert isinstance(back, aclnn_moe.CombineResult)
        rows = sent_wanted[rank].row_num
        assert sent.expand_x.tobytes() == sent_wanted[rank].expand_x.tobytes()
        assert sent.ep_recv_counts.tolist() == sent_wanted[rank].ep_recv_counts.tolist()
        assert sent.expert_token_nums.tolist() == sent_wanted[rank].expert_token_nums.tolist()
        np.testing.assert_array_equal(
            sent.expand_idx[: 3 * rows], sent_wanted[rank].expand_idx[: 3 * rows]
        )
        assert not sent.expand_idx[3 * rows :].any()
        assert not sent.dynamic_scales.any()
        check_combine(rank, back)


def test_device_arrays_in_device_arrays_out_agrees_with_the_reference(
    thread_ranks: MakeRanks,
) -> None:
    def work(rank: ThreadRank) -> Any:
        source = on_device(given(rank.rank), rank.device.id)
        back = bring_back(rank, source, route(rank, source))
        assert all(isinstance(array, DeviceArray) for array in back)
        return aclnn_moe.CombineResult._make(array.numpy() for array in back)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)


def test_views_with_strides_and_an_offset_are_taken_as_they_are(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source: dict[str, Any] = {}
        for name, array in given(rank.rank).items():
            wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
            wide[..., 1::2] = array
            source[name] = asarray(wide, rank.device)[..., 1::2]
            assert not source[name].is_contiguous
        back = bring_back(rank, source, route(rank, source))
        return aclnn_moe.CombineResult._make(array.numpy() for array in back)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)


def test_result_shapes_and_dtypes_are_those_of_torch_npu(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = given(rank.rank)
        sent = route(rank, source)
        return sent, route(rank, source, quant_mode=2), bring_back(rank, source, sent)

    local = EXPERTS // RANKS
    room = BS * RANKS * min(local, K)
    for sent, quantised, back in thread_ranks(RANKS).run(work):
        assert [(f, getattr(sent, f).shape, getattr(sent, f).dtype.name) for f in sent._fields] == [
            ("expand_x", (room, H), "bfloat16"),
            ("dynamic_scales", (room,), "float32"),
            ("expand_idx", (room * 128,), "int32"),
            ("expert_token_nums", (local,), "int64"),
            ("ep_recv_counts", (RANKS * local,), "int32"),
            ("tp_recv_counts", (0,), "int32"),
            ("expand_scales", (room,), "float32"),
        ]
        assert quantised.expand_x.dtype == np.int8
        assert (quantised.dynamic_scales[: quantised.ep_recv_counts[-1]] > 0).all()
        assert [(f, getattr(back, f).shape, getattr(back, f).dtype.name) for f in back._fields] == [
            ("y", (BS, 1, H), "bfloat16"),
            ("rstd_out", (BS, 1, 1), "float32"),
            ("x", (BS, 1, H), "bfloat16"),
        ]


@pytest.mark.parametrize("on_host", [True, False], ids=["numpy", "device"])
def test_out_is_written_and_returned(thread_ranks: MakeRanks, on_host: bool) -> None:
    def work(rank: ThreadRank) -> Any:
        source: dict[str, Any] = given(rank.rank)
        y: Any = np.full((BS, 1, H), 9, BF16)
        x: Any = np.full((BS, 1, H), 9, BF16)
        if not on_host:
            source = on_device(source, rank.device.id)
            y, x = asarray(y, rank.device), asarray(x, rank.device)
        back = bring_back(rank, source, route(rank, source), out=(y, None, x))
        assert back.y is y and back.x is x and back.rstd_out is not None
        return back if on_host else aclnn_moe.CombineResult._make(a.numpy() for a in back)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)


def test_group_by_name_needs_size_and_rank(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = on_device(given(rank.rank), rank.device.id)
        sent = route(rank, source)
        with pytest.raises(TypeError, match=r"ep_world_size is 2 and ep_rank_id None"):
            aclnn_moe.moe_distribute_dispatch_v2(
                source["x"], source["expert_ids"], rank.group.name, 2, moe_expert_num=EXPERTS
            )
        back = aclnn_moe.moe_distribute_combine_add_rms_norm(
            sent.expand_x,
            source["expert_ids"],
            sent.expand_idx,
            sent.ep_recv_counts,
            source["expert_scales"],
            source["residual_x"],
            source["gamma"],
            rank.group.name,
            RANKS,
            rank.rank,
            EXPERTS,
            stream=rank.stream.handle,
        )
        return aclnn_moe.CombineResult._make(array.numpy() for array in back)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)


def test_device_arrays_are_queued_without_waiting_for_the_other_rank(
    thread_ranks: MakeRanks,
) -> None:
    called = threading.Event()

    def work(rank: ThreadRank) -> Any:
        source = on_device(given(rank.rank), rank.device.id)
        if rank.rank == 1:
            assert called.wait(30)  # Rank 0 has returned from both calls before rank 1 starts.
        back = bring_back(rank, source, route(rank, source))
        if rank.rank == 0:
            assert rank.stream.query() is False
            called.set()
        # Arguments and intermediate results may go: the stream has what it needs.
        del source
        gc.collect()
        others = [asarray(np.full(BS * H, 7, BF16), rank.device) for _ in range(20)]
        result = aclnn_moe.CombineResult._make(array.numpy() for array in back)
        assert len(others) == 20
        return result

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)


def test_group_list_type_changes_nothing(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = given(rank.rank)
        return bring_back(rank, source, route(rank, source), group_list_type=1)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)


def test_many_calls_without_waiting_give_the_same_bits(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = on_device(given(rank.rank), rank.device.id)
        results = [bring_back(rank, source, route(rank, source)) for _ in range(20)]
        return [(back.y.numpy().tobytes(), back.x.numpy().tobytes()) for back in results]

    for results in thread_ranks(RANKS).run(work):
        assert len(set(results)) == 1


def test_memory_does_not_grow_with_the_number_of_calls(thread_ranks: MakeRanks) -> None:
    from aclnn_moe.memory import pool_of

    def work(rank: ThreadRank) -> tuple[int, int]:
        source = on_device(given(rank.rank), rank.device.id)
        reserved = []
        for _ in range(2):
            for _ in range(30):
                back = bring_back(rank, source, route(rank, source))
            rank.stream.synchronize(timeout=60)
            reserved.append(pool_of(rank.device.id).reserved)
            assert back.y.shape == (BS, 1, H)
        return reserved[0], reserved[1]

    for before, after in thread_ranks(RANKS).run(work):
        assert before == after


def test_combine_has_torch_npus_arguments_in_its_order() -> None:
    parameters = inspect.signature(aclnn_moe.moe_distribute_combine_add_rms_norm).parameters
    positional = [n for n, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert (
        positional
        == (
            "expand_x expert_ids expand_idx ep_send_counts expert_scales residual_x gamma group_ep "
            "ep_world_size ep_rank_id moe_expert_num"
        ).split()
    )
    wanted = {
        "tp_send_counts": None,
        "x_active_mask": None,
        "activation_scale": None,
        "weight_scale": None,
        "group_list": None,
        "expand_scales": None,
        "shared_expert_x": None,
        "elastic_info": None,
        "ori_x": None,
        "const_expert_alpha_1": None,
        "const_expert_alpha_2": None,
        "const_expert_v": None,
        "group_tp": "",
        "tp_world_size": 0,
        "tp_rank_id": 0,
        "expert_shard_type": 0,
        "shared_expert_num": 1,
        "shared_expert_rank_num": 0,
        "global_bs": 0,
        "out_dtype": 0,
        "comm_quant_mode": 0,
        "group_list_type": 0,
        "comm_alg": "",
        "norm_eps": 1e-6,
        "zero_expert_num": 0,
        "copy_expert_num": 0,
        "const_expert_num": 0,
        "stream": None,
        "out": None,
    }
    assert list(keyword.items()) == list(wanted.items())
