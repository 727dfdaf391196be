# SPDX-License-Identifier: Apache-2.0
"""The two operators as Python functions: arguments, both kinds of arrays, and what is refused."""

from __future__ import annotations

import gc
import inspect
import threading
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from conftest import MakeRanks
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import AclError, DeviceArray, asarray, empty, reference

Array = npt.NDArray[Any]
BF16 = ml_dtypes.bfloat16
RANKS, BS, K, H, EXPERTS = 2, 5, 3, 1024, 8
CONFIG = reference.MoeConfig(ep_world_size=RANKS, moe_expert_num=EXPERTS)


def given(rank: int) -> dict[str, Array]:
    """One rank's tokens, routing and weights."""
    rng = np.random.default_rng(100 + rank)
    ids = np.argsort(rng.random((BS, EXPERTS)), axis=1)[:, :K]
    return {
        "x": rng.standard_normal((BS, H), np.float32).astype(BF16),
        "expert_ids": ids.astype(np.int32),
        "expert_scales": rng.random((BS, K), np.float32),
        "residual_x": rng.standard_normal((BS, 1, H), np.float32).astype(BF16),
        "gamma": rng.standard_normal(H, np.float32).astype(BF16),
    }


def route(rank: ThreadRank, source: dict[str, Any], **more: Any) -> aclnn_moe.DispatchResult:
    return aclnn_moe.moe_distribute_dispatch_v2(
        source["x"],
        source["expert_ids"],
        rank.group,
        moe_expert_num=EXPERTS,
        stream=rank.stream,
        **more,
    )


def bring_back(
    rank: ThreadRank, source: dict[str, Any], sent: aclnn_moe.DispatchResult, **more: Any
) -> aclnn_moe.CombineResult:
    options: dict[str, Any] = {"moe_expert_num": EXPERTS, "stream": rank.stream} | more
    return aclnn_moe.moe_distribute_combine_add_rms_norm(
        sent.expand_x,
        source["expert_ids"],
        sent.expand_idx,
        sent.ep_recv_counts,
        source["expert_scales"],
        source["residual_x"],
        source["gamma"],
        rank.group,
        **options,
    )


def wanted() -> tuple[list[reference.DispatchOutput], list[reference.CombineOutput]]:
    sources = [given(rank) for rank in range(RANKS)]
    sent = reference.dispatch(
        [reference.DispatchInput(x=s["x"], expert_ids=s["expert_ids"]) for s in sources], CONFIG
    )
    back = reference.combine_add_rms_norm(
        [
            reference.CombineInput(
                expand_x=out.expand_x,
                expert_ids=s["expert_ids"],
                expand_idx=out.expand_idx,
                ep_send_counts=out.ep_recv_counts,
                expert_scales=s["expert_scales"],
                residual_x=s["residual_x"],
                gamma=s["gamma"],
            )
            for s, out in zip(sources, sent, strict=True)
        ],
        CONFIG,
    )
    return sent, back


def check_combine(rank: int, got: Any) -> None:
    agreement = reference.Agreement.of(got, wanted()[1][rank])
    assert agreement.ok, f"rank {rank}: {agreement}"


def on_device(source: dict[str, Array], device: int) -> dict[str, DeviceArray]:
    return {name: asarray(array, device) for name, array in source.items()}


# ---- results ---------------------------------------------------------------------------------


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


def test_strided_device_arrays_are_taken_as_they_are(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source: dict[str, Any] = {}
        for name, array in given(rank.rank).items():
            wide = np.repeat(array, 2, axis=-1)
            source[name] = asarray(wide, rank.device)[..., ::2]
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


# ---- signatures ------------------------------------------------------------------------------


def test_combine_has_torch_npus_arguments_in_its_order() -> None:
    parameters = inspect.signature(aclnn_moe.moe_distribute_combine_add_rms_norm).parameters
    positional = [n for n, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert positional == (
        "expand_x expert_ids expand_idx ep_send_counts expert_scales residual_x gamma group_ep "
        "ep_world_size ep_rank_id moe_expert_num"
    ).split()
    assert keyword == {
        "tp_send_counts": None,
        "x_active_mask": None,
        "activation_scale": None,
        "weight_scale": None,
        "group_list": None,
        "expand_scales": None,
        "shared_expert_x": None,
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
        "norm_eps": 1e-6,
        "stream": None,
        "out": None,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("elastic_info", np.zeros(8, np.int32)),
        ("performance_info", np.zeros(8, np.int64)),
        ("zero_expert_num", 1),
        ("copy_expert_num", 1),
        ("const_expert_num", 1),
    ],
)
def test_dispatch_names_the_argument_that_needs_v3(name: str, value: object) -> None:
    with pytest.raises(NotImplementedError, match=f"^{name} needs aclnnMoeDistributeDispatchV3"):
        aclnn_moe.moe_distribute_dispatch_v2(
            np.zeros((1, H), BF16),
            np.zeros((1, 1), np.int32),
            "group",
            2,
            0,
            8,
            **{name: value},  # type: ignore[arg-type]
        )


# ---- refusals before C -----------------------------------------------------------------------


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
    ],
)
def test_dispatch_refuses_before_c_is_called(
    changed: dict[str, Any], kind: type[Exception], text: str
) -> None:
    arguments: dict[str, Any] = {
        "x": np.zeros((BS, H), BF16),
        "expert_ids": np.zeros((BS, K), np.int32),
        "group_ep": "no such group",
        "ep_world_size": RANKS,
        "ep_rank_id": 0,
        "moe_expert_num": EXPERTS,
    }
    with pytest.raises(kind, match=text):
        aclnn_moe.moe_distribute_dispatch_v2(**(arguments | changed))


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


# ---- refusals by C ---------------------------------------------------------------------------


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
        assert error.function == "aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize"
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
