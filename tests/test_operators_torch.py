# SPDX-License-Identifier: Apache-2.0
"""torch tensors in CPU memory: used in place, and results are torch tensors."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import moe_layer
import numpy as np
import pytest
import torch
from conftest import MakeRanks
from moe_layer import BF16, BS, EXPERTS, RANKS, H, K, bring_back, check_combine, given, route
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import host_operands, lent_memory, transfers
from aclnn_moe.timeline import Timeline


def tensor(array: Any) -> Any:
    """A torch tensor with memory of its own."""
    if array.dtype == BF16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def array(source: Any) -> Any:
    """numpy's view of a torch tensor."""
    if source.dtype == torch.bfloat16:
        return source.view(torch.int16).numpy().view(BF16)
    return source.numpy()


def tensors(rank: int) -> dict[str, Any]:
    return {name: tensor(value) for name, value in given(rank).items()}


def arrays(result: Any) -> Any:
    return type(result)(*(array(value) for value in result))


def layer(rank: ThreadRank) -> tuple[Any, Any]:
    source = tensors(rank.rank)
    sent = route(rank, source)
    return sent, bring_back(rank, source, sent)


def test_results_are_torch_tensors_with_the_references_values(thread_ranks: MakeRanks) -> None:
    wanted, _ = moe_layer.wanted()
    for rank, (sent, back) in enumerate(thread_ranks(RANKS).run(layer)):
        assert all(type(value) is torch.Tensor for value in (*sent, *back))
        assert sent.expand_x.dtype == back.y.dtype == torch.bfloat16
        for name in ("expand_x", "expand_idx", "expert_token_nums", "ep_recv_counts"):
            np.testing.assert_array_equal(array(getattr(sent, name)), getattr(wanted[rank], name))
        check_combine(rank, arrays(back))


def test_no_token_is_copied_in_or_out(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("an array was copied")

    monkeypatch.setattr(transfers, "_copy", refuse)
    for rank, (_, back) in enumerate(thread_ranks(RANKS).run(layer)):
        check_combine(rank, arrays(back))
    assert not lent_memory._ranges


def test_tensors_are_copied_where_the_device_cannot_use_them(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_operands.dlpack, "device_is_cpu", lambda: False)
    for rank, (sent, back) in enumerate(thread_ranks(RANKS).run(layer)):
        assert type(sent.expand_x) is type(back.y) is torch.Tensor
        check_combine(rank, arrays(back))


def test_views_are_used_where_they_are(thread_ranks: MakeRanks) -> None:
    """An offset, strides, a stride of 0, and an odd address."""

    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        wide = torch.full((BS + 1, 2 * H + 7), 9, dtype=torch.bfloat16)
        wide[1:, 3 : 2 * H + 3 : 2] = source["x"]
        source["x"] = wide[1:, 3 : 2 * H + 3 : 2]
        source["gamma"] = torch.ones(1, dtype=torch.bfloat16).expand(H)
        sent = route(rank, source)
        return sent, bring_back(rank, source, sent)

    def plain(rank: ThreadRank) -> Any:
        source = tensors(rank.rank) | {"gamma": torch.ones(H, dtype=torch.bfloat16)}
        sent = route(rank, source)
        return sent, bring_back(rank, source, sent)

    ranks = thread_ranks(RANKS)
    for got, want in zip(ranks.run(work), ranks.run(plain), strict=True):
        for value, same in zip((*got[0], *got[1]), (*want[0], *want[1]), strict=True):
            assert torch.equal(value, same)


def test_ranks_of_one_process_may_share_tensors(thread_ranks: MakeRanks) -> None:
    gamma = tensor(given(0)["gamma"])

    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank) | {"gamma": gamma}
        return [bring_back(rank, source, route(rank, source)) for _ in range(10)]

    first, second = thread_ranks(RANKS).run(work)
    check_combine(0, arrays(first[-1]))
    assert len(first) == len(second) == 10
    assert not lent_memory._ranges


def test_tensors_that_overlap_in_part_are_fine(thread_ranks: MakeRanks) -> None:
    """The last rows of expand_x are the first of residual_x: one of the two is copied."""

    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        sent = route(rank, source)
        rows = len(sent.expand_x)
        room = torch.cat([sent.expand_x, source["x"]])
        shared = source | {"residual_x": room[rows - 2 :][:BS]}
        alone = source | {"residual_x": room[rows - 2 :][:BS].clone()}
        return (
            bring_back(rank, shared, sent._replace(expand_x=room[:rows])),
            bring_back(rank, alone, sent),
        )

    for shared, alone in thread_ranks(RANKS).run(work):
        assert torch.equal(shared.x, alone.x) and torch.equal(shared.y, alone.y)


def test_results_go_into_out(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        sent = route(rank, source)
        out = tuple(torch.full_like(value, 5) for value in sent)
        again = route(rank, source, out=out)
        assert all(got is mine for got, mine in zip(again, out, strict=True))
        assert all(torch.equal(got, want) for got, want in zip(again, sent, strict=True))
        y = torch.empty((BS, 1, H), dtype=torch.bfloat16)
        back = bring_back(rank, source, sent, out=(y, None, None))
        assert back.y is y
        return back

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, arrays(back))


def test_out_may_be_an_input(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        sent = route(rank, source)
        back = bring_back(rank, source, sent, out=(None, None, source["residual_x"]))
        assert back.x is source["residual_x"]
        return back

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, arrays(back))


def test_out_may_be_memory_of_the_device(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        shapes = route(rank, source)
        room = torch.from_dlpack(
            aclnn_moe.empty(tuple(shapes.expand_x.shape), "bfloat16", rank.device)
        )
        sent = route(rank, source, out=(room, *[None] * 6))
        return bring_back(rank, source, sent)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, arrays(back))


def test_inputs_of_other_libraries_may_be_mixed_in(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank) | {"expert_ids": given(rank.rank)["expert_ids"]}
        sent = route(rank, source)
        assert type(sent.expand_idx) is torch.Tensor
        return bring_back(rank, source, sent)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, arrays(back))


def test_parameters_are_taken_where_no_gradient_is_wanted(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        source["gamma"] = torch.nn.Parameter(source["gamma"])
        sent = route(rank, source)
        with torch.no_grad():
            back = bring_back(rank, source, sent)
        assert not back.y.requires_grad
        return back

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, arrays(back))


def test_a_lazily_negated_tensor_has_the_right_sign(thread_ranks: MakeRanks) -> None:
    def work(rank: ThreadRank) -> Any:
        source = tensors(rank.rank)
        sent = route(rank, source)
        source["expert_scales"] = (
            torch.complex(torch.zeros(BS, K), -source["expert_scales"]).conj().imag
        )
        assert source["expert_scales"].is_neg()
        return bring_back(rank, source, sent)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, arrays(back))


def test_an_interrupted_call_keeps_its_memory_lent_until_the_work_is_done(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while rank 0 waits for rank 1, which has not called yet."""
    ranks = thread_ranks(RANKS)
    source = tensors(0)
    address = source["x"].data_ptr()
    wait = Timeline.synchronize

    def interrupt(line: Timeline, timeout: float | None = None) -> None:
        monkeypatch.setattr(Timeline, "synchronize", wait)
        raise KeyboardInterrupt

    def first(rank: ThreadRank) -> None:
        if rank.rank == 0:
            monkeypatch.setattr(Timeline, "synchronize", interrupt)
            with pytest.raises(KeyboardInterrupt):
                route(rank, source)

    ranks.run(first)
    assert address in lent_memory._ranges

    def rest(rank: ThreadRank) -> Any:
        if rank.rank == 1:
            return route(rank, tensors(1))
        rank.stream.synchronize()
        return None

    sent = ranks.run(rest)[1]
    np.testing.assert_array_equal(array(sent.expand_x), moe_layer.wanted()[0][1].expand_x)
    lent_memory.lend(address, 1, None).give_back()
    assert not lent_memory._ranges


def alone(**changed: Any) -> Any:
    arguments: dict[str, Any] = {
        "x": torch.zeros((BS, H), dtype=torch.bfloat16),
        "expert_ids": torch.zeros((BS, K), dtype=torch.int32),
        "group_ep": "no such group",
        "ep_world_size": RANKS,
        "ep_rank_id": 0,
        "moe_expert_num": EXPERTS,
    }
    return aclnn_moe.moe_distribute_dispatch_v2(**(arguments | changed))


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        (
            {"x": torch.zeros((BS, H), dtype=torch.bfloat16, requires_grad=True)},
            ValueError,
            r"x requires gradients, and the operator has no backward: pass it as .detach\(\)",
        ),
        ({"x": torch.zeros((BS, H))}, TypeError, "x is float32: want bfloat16 or float16"),
        (
            {"x": torch.zeros((BS, H), dtype=torch.complex64)},
            TypeError,
            r"x: DLPack dtype \(code 5, 64 bits",
        ),
        (
            {"expert_ids": torch.zeros((BS, K), dtype=torch.int32, device="meta")},
            BufferError,
            "expert_ids: Cannot pack tensors on meta",
        ),
        ({"x": torch.eye(BS).to_sparse()}, BufferError, "x: Can't export tensors with layout"),
        ({"x": torch.zeros((1,) * 9)}, ValueError, "x has 9 dimensions: want at most 8"),
        ({"x": torch.zeros(H, dtype=torch.bfloat16)}, ValueError, r"x has 1 dimensions \(1024,\)"),
        (
            {"out": (torch.zeros((BS, H)), *[None] * 6)},
            TypeError,
            "out: expand_x is float32: want bfloat16",
        ),
        (
            {"out": (torch.zeros((40, H), dtype=torch.bfloat16), *[None] * 6)},
            ValueError,
            r"out: expand_x has shape \(40, 1024\): want \(30, 1024\)",
        ),
        (
            {"out": (torch.zeros((H, 30), dtype=torch.bfloat16).T, *[None] * 6)},
            ValueError,
            "out: expand_x is not contiguous and writeable",
        ),
        ({"out": ([1], *[None] * 6)}, TypeError, "out: expand_x is a list: want a writeable"),
        (
            {"expert_ids": aclnn_moe.empty((BS, K), "int32", 0)},
            TypeError,
            "x is a torch.Tensor, but expert_ids is a device array",
        ),
    ],
)
def test_dispatch_refuses_tensors_before_c_is_called(
    changed: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        alone(**changed)
    assert not lent_memory._ranges


def test_what_c_refuses_leaves_nothing_lent() -> None:
    with pytest.raises(aclnn_moe.AclError, match="no such group"):
        alone()
    assert not lent_memory._ranges


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
def test_fake_tensors_are_refused() -> None:
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        fake = torch.empty((BS, H), dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="x: the array has no memory"):
        alone(x=fake)
    with pytest.raises(ValueError, match="no memory"):
        aclnn_moe.asarray(fake, 0)


def test_tensors_become_device_arrays() -> None:
    source = torch.arange(6, dtype=torch.bfloat16).reshape(2, 3)
    assert aclnn_moe.asarray(source.T, 0).numpy().tolist() == source.T.tolist()
    with pytest.raises(ValueError, match="requires gradients"):
        aclnn_moe.asarray(torch.ones(2, requires_grad=True), 0)


def test_torch_is_not_imported_for_numpy_arrays() -> None:
    code = (
        "import sys, numpy as np, ml_dtypes, aclnn_moe\n"
        "groups = aclnn_moe.Communicator.init_all([0])\n"
        "try:\n"
        "    aclnn_moe.moe_distribute_dispatch_v2(\n"
        "        np.zeros((2, 1024), ml_dtypes.bfloat16), np.zeros((2, 2), np.int32), groups[0],\n"
        "        moe_expert_num=2)\n"
        "except aclnn_moe.AclError as error:\n"
        "    print(error)\n"
        "groups[0].close()\n"
        "print([name for name in sys.modules if name in ('torch', 'jax')])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ep_world_size" in ran.stdout and ran.stdout.endswith("[]\n"), ran.stdout
