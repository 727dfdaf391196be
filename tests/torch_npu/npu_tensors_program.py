# SPDX-License-Identifier: Apache-2.0
"""Ranks that give torch_npu's tensors to this package's own functions; run by test_npu_tensors.

``python npu_tensors_program.py FOLDER``: each rank writes FOLDER/<check>-<rank>, with nothing in it
where the check passes.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch_npu

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from moe_layer import EXPERTS, RANKS, given, wanted
from npu_ranks import name_of, run_ranks, to_npu, to_numpy

import aclnn_moe
import aclnn_moe.torch_library
from aclnn_moe.memory import Pool
from aclnn_moe.reference import Agreement, CombineOutput

Tensors = dict[str, Any]
CHECKS: dict[str, Callable[[Rank], None]] = {}


class Rank:
    """One rank: its number, its group, its tensors on the NPU, and what must come out."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.group: Tensors = {
            "group_ep": name_of(torch.distributed.group.WORLD, rank),
            "ep_world_size": RANKS,
            "ep_rank_id": rank,
            "moe_expert_num": EXPERTS,
        }
        self.tensors = {name: to_npu(array) for name, array in given(rank).items()}
        self.want = wanted()

    def dispatch(self, **more: Any) -> Any:
        return aclnn_moe.moe_distribute_dispatch_v2(
            self.tensors["x"], self.tensors["expert_ids"], **self.group, **more
        )

    def combine_inputs(self, sent: Any) -> list[torch.Tensor]:
        own = self.tensors
        return [
            sent[0],
            own["expert_ids"],
            sent[2],
            sent[4],
            own["expert_scales"],
            own["residual_x"],
            own["gamma"],
        ]

    def combine(self, sent: Any, **more: Any) -> Any:
        return aclnn_moe.moe_distribute_combine_add_rms_norm(
            *self.combine_inputs(sent), **self.group, **more
        )

    def check(self, result: Any) -> None:
        y, rstd_out, x = map(to_numpy, result)
        got = CombineOutput(y=y, rstd_out=rstd_out, x=x)
        agreement = Agreement.of(got, self.want[1][self.rank])
        assert agreement.ok, agreement


def check(function: Callable[[Rank], None]) -> Callable[[Rank], None]:
    CHECKS[function.__name__] = function
    return function


@check
def results_are_npu_tensors_that_agree_with_the_reference(rank: Rank) -> None:
    sent = rank.dispatch()
    for tensor in sent:
        assert tensor.device == torch.device("npu", rank.rank)
    want = rank.want[0][rank.rank]
    assert (to_numpy(sent.expand_x)[: want.row_num] == want.expand_x[: want.row_num]).all()
    assert (to_numpy(sent.ep_recv_counts) == want.ep_recv_counts).all()
    result = rank.combine(sent)
    assert result.y.device == torch.device("npu", rank.rank)
    rank.check(result)


@contextmanager
def allocations() -> Iterator[list[int]]:
    """Give the sizes, in bytes, of what this package takes of the device meanwhile."""
    sizes: list[int] = []
    allocate = Pool.allocate

    def noted(pool: Pool, nbytes: int, *more: Any) -> Any:
        sizes.append(nbytes)
        return allocate(pool, nbytes, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pool, "allocate", noted)
        yield sizes


@check
def tensors_are_used_where_they_are(rank: Rank) -> None:
    sent = rank.dispatch()
    torch.npu.synchronize()
    before = torch.npu.memory_allocated()
    outs = [torch.empty_like(tensor) for tensor in rank.combine(sent)]
    with allocations() as sizes:
        aclnn_moe.asarray(np.zeros(8, np.float32), device=rank.rank)
    assert sizes
    # The workspace is there since the call before.
    with allocations() as sizes:
        result = rank.combine(sent, out=outs)
    assert sizes == []
    assert all(one is other for one, other in zip(result, outs, strict=True))
    torch.npu.synchronize()
    rank.check(outs)
    # Three outputs, each rounded up to the allocator's 512 bytes, and no copy of an input.
    outputs = sum(-(-tensor.nbytes // 512) * 512 for tensor in outs)
    assert torch.npu.memory_allocated() - before <= outputs + 3 * 512


@check
def a_call_comes_after_what_torch_has_queued(rank: Rank) -> None:
    """The tokens are zero until a long row of queued work has made them what they are."""
    tokens = rank.tensors["x"]
    for _ in range(5):
        late = torch.zeros_like(tokens)
        slow = torch.zeros(1 << 22, device=late.device)
        for _ in range(20):
            slow += slow
        late.copy_(tokens + slow[:1].to(tokens.dtype))
        sent = aclnn_moe.moe_distribute_dispatch_v2(late, rank.tensors["expert_ids"], **rank.group)
        # And what torch is told afterwards comes after the call.
        late.zero_()
        rank.check(rank.combine(sent))


@check
def another_stream_waits_for_torchs(rank: Rank) -> None:
    tokens = rank.tensors["x"]
    with aclnn_moe.Stream(rank.rank) as stream:
        late = torch.zeros_like(tokens)
        slow = torch.zeros(1 << 22, device=late.device)
        for _ in range(20):
            slow += slow
        late.copy_(tokens + slow[:1].to(tokens.dtype))
        sent = aclnn_moe.moe_distribute_dispatch_v2(
            late, rank.tensors["expert_ids"], **rank.group, stream=stream
        )
        stream.synchronize()
        result = rank.combine(sent, stream=stream)
        stream.synchronize()
        rank.check(result)


@check
def a_stream_of_torch_npu_is_taken(rank: Rank) -> None:
    side = torch.npu.Stream()
    side.wait_stream(torch.npu.current_stream())
    sent = rank.dispatch(stream=side)
    with torch.npu.stream(side):
        result = rank.combine(sent)
    side.synchronize()
    rank.check(result)


@check
def strided_tensors_are_taken(rank: Rank) -> None:
    tokens = rank.tensors["x"]
    wide = torch.zeros(tokens.shape[0], 2 * tokens.shape[1], dtype=tokens.dtype).npu()
    wide[:, ::2].copy_(tokens)
    sent = aclnn_moe.moe_distribute_dispatch_v2(
        wide[:, ::2], rank.tensors["expert_ids"], **rank.group
    )
    rank.check(rank.combine(sent))


@check
def torch_operators_take_npu_tensors(rank: Rank) -> None:
    sent = torch.ops.aclnn_moe.moe_distribute_dispatch_v2(
        rank.tensors["x"], rank.tensors["expert_ids"], **rank.group
    )
    result = torch.ops.aclnn_moe.moe_distribute_combine_add_rms_norm(
        *rank.combine_inputs(sent), **rank.group
    )
    rank.check(result)


@check
def tensors_of_torch_npus_own_functions_fit(rank: Rank) -> None:
    sent = torch_npu.npu_moe_distribute_dispatch_v2(
        rank.tensors["x"], rank.tensors["expert_ids"], **rank.group
    )
    rank.check(rank.combine(sent))
    result = torch_npu.npu_moe_distribute_combine_add_rms_norm(
        *rank.combine_inputs(rank.dispatch()), **rank.group
    )
    rank.check(result)


@check
def asarray_of_a_tensor_is_its_memory_after_torchs_work(rank: Rank) -> None:
    late = torch.zeros(8, device=rank.tensors["x"].device)
    slow = torch.zeros(1 << 22, device=late.device)
    for _ in range(20):
        slow += slow
    late.copy_(slow[:8] + 1)
    array = aclnn_moe.asarray(late[2:])
    assert array.data_ptr == late.data_ptr() + 8
    assert array.device.id == rank.rank
    assert (array.numpy() == 1).all()
    with pytest.raises(ValueError, match=f"on device {rank.rank}: want device 5"):
        aclnn_moe.asarray(late, device=5)


@check
def wrong_tensors_are_refused_by_name(rank: Rank) -> None:
    own = rank.tensors
    x, ids = own["x"], own["expert_ids"]

    def refused(kind: type[Exception], words: str, *arrays: Any, **more: Any) -> None:
        with pytest.raises(kind, match=words):
            aclnn_moe.moe_distribute_dispatch_v2(*arrays, **rank.group, **more)

    refused(TypeError, "expert_ids is a torch.Tensor, but not on", x, ids.cpu())
    refused(TypeError, "expert_ids is int64: want int32", x, ids.long())
    refused(ValueError, "x requires gradients", x.clone().requires_grad_(), ids)
    outs = [None] * 6 + [x.cpu()]
    refused(TypeError, "out: expand_scales is a torch.Tensor: want", x, ids, out=outs)
    refused(TypeError, "stream is a str", x, ids, stream="main")


def run_checks(rank: int, folder: Path) -> None:
    own = Rank(rank)
    for name, function in CHECKS.items():
        text = ""
        try:
            function(own)
        except Exception:
            text = traceback.format_exc()
        (folder / f"{name}-{rank}").write_text(text)


if __name__ == "__main__":
    run_ranks(RANKS, run_checks, Path(sys.argv[1]))
