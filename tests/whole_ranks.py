# SPDX-License-Identifier: Apache-2.0
"""Runs a drawn configuration through the public functions, on threads as ranks, and compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
from whole_case import Case
from whole_inputs import Whole, untouched

import aclnn_moe
from aclnn_moe import Communicator, DeviceArray, Stream, asarray
from aclnn_moe.layout import layout_of
from aclnn_moe.reference import Agreement, CombineOutput

if TYPE_CHECKING:
    from conftest import MakeRanks
    from thread_ranks import ThreadRank, ThreadRanks

Array = npt.NDArray[Any]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Place:
    """A rank that is left: its device, its groups, and its place in them."""

    rank: int  # among those left, by new numbers; with TP both of a pair
    original: int
    device: int
    group_ep: Communicator
    group_tp: Communicator | str
    tp_rank: int


class Groups:
    """The communicators of a configuration: EP groups that stride the TP pairs, and the pairs."""

    def __init__(self, make: MakeRanks, case: Case) -> None:
        config, pair = case.config, case.config.pair_size
        world = config.world_size
        self.threads: ThreadRanks = make(world)
        self._own: list[Communicator] = []
        if pair == 1 and case.elastic_info is None:
            groups_ep = [[rank.group for rank in self.threads.ranks]]
        else:
            # Ranks that are gone take no part, so their group is not used again.
            groups_ep = [self._new(range(tp, world, pair)) for tp in range(pair)]
        groups_tp = [self._new((2 * ep, 2 * ep + 1)) for ep in range(config.ep_world_size)]
        groups_tp = groups_tp if pair == 2 else []
        self.places = []
        for new, original in enumerate(case.topology.ranks):
            for tp in range(pair):
                self.places.append(
                    Place(
                        rank=new * pair + tp,
                        original=original,
                        device=original * pair + tp,
                        group_ep=groups_ep[tp][original],
                        group_tp=groups_tp[original][tp] if pair == 2 else "",
                        tp_rank=tp,
                    )
                )

    def _new(self, devices: range | tuple[int, ...]) -> list[Communicator]:
        groups = Communicator.init_all(devices)
        self._own += groups
        return groups

    def run(self, function: Callable[[Place], Result]) -> list[Result]:
        """Call `function` on every rank that is left, at once; results by new rank."""
        by_device = {place.device: place for place in self.places}

        def on_thread(rank: ThreadRank) -> Result | None:
            place = by_device.get(rank.rank)
            return None if place is None else function(place)

        results = self.threads.run(on_thread)
        return [results[place.device] for place in self.places]  # type: ignore[misc]

    def close(self) -> None:
        for group in self._own:
            group.close()


def check_whole(make: MakeRanks, given: Whole) -> None:
    """Dispatch, compare, combine what dispatch gave, compare."""
    groups = Groups(make, given.case)
    try:
        delivered = groups.run(lambda place: run_dispatch(place, given))
        for place, got in zip(groups.places, delivered, strict=True):
            check_dispatch(place, got, given)
        results = groups.run(lambda place: run_combine(place, given, delivered[place.rank]))
        for place, result in zip(groups.places, results, strict=True):
            check_combine(place, result, given)
    finally:
        groups.close()


def put(name: str, array: Array | None, place: Place, case: Case) -> DeviceArray | None:
    """Copy to the device, with the strides that the case has for the input."""
    if array is None:
        return None
    kind = case.placement.get(name)
    if kind == "broadcast":
        one = asarray(np.ascontiguousarray(array[:1]), place.device)
        strides = (0, *one.strides[1:])
        view = layout_of(one.layout.dtype, array.shape, strides, place.device)
        return DeviceArray(one.buffer, one.offset, view)
    if kind == "gaps":
        # Every second element of the first axis, from the fourth; ends cut off the last.
        cut = (slice(3, 3 + 2 * len(array), 2), *[slice(None)] * (array.ndim - 1))
        shape = [3 + 2 * len(array), *array.shape[1:]]
        if array.ndim > 1:
            shape[-1] += 16
            cut = (*cut[:-1], slice(5, -11))
        around = np.full(shape, 77).astype(array.dtype)
        around[cut] = array
        return asarray(around, place.device)[cut]
    return asarray(np.ascontiguousarray(array), place.device)


def common_options(place: Place, case: Case) -> dict[str, Any]:
    config = case.config
    options: dict[str, Any] = {
        "moe_expert_num": config.moe_expert_num,
        "shared_expert_num": config.shared_expert_num,
        "shared_expert_rank_num": config.shared_expert_rank_num,
        "global_bs": config.global_bs,
        "tp_world_size": config.tp_world_size,
        "tp_rank_id": place.tp_rank,
        "group_tp": place.group_tp,
    }
    if case.has("special_experts"):
        options |= {
            "zero_expert_num": config.zero_expert_num,
            "copy_expert_num": config.copy_expert_num,
            "const_expert_num": config.const_expert_num,
        }
    if case.has("elastic"):
        options["elastic_info"] = put("elastic_info", case.elastic_array, place, case)
    return options


def run_dispatch(place: Place, given: Whole) -> dict[str, Array]:
    case, sent = given.case, given.sent[place.rank]
    function: Callable[..., Any] = (
        aclnn_moe.moe_distribute_dispatch
        if case.has("dispatch_v1")
        else aclnn_moe.moe_distribute_dispatch_v2
    )
    tensors = {name: put(name, array, place, case) for name, array in vars(sent).items()}
    with Stream(place.device) as stream:
        result = function(
            **tensors,
            group_ep=place.group_ep,
            quant_mode=case.config.quant_mode,
            expert_token_nums_type=case.config.expert_token_nums_type,
            stream=stream,
            **common_options(place, case),
        )
        return {name: array.numpy(stream=stream) for name, array in result._asdict().items()}


def check_dispatch(place: Place, got: dict[str, Array], given: Whole) -> None:
    """Compare what means something: rows received, and every count."""
    case, want = given.case, given.delivered[place.rank]
    topology, pair = case.topology, case.config.pair_size
    local = topology.local_expert_num(place.rank // pair)
    rows = want.row_num

    def same(name: str, part: Any) -> None:
        one, other = got[name][part], getattr(want, name)[part]
        np.testing.assert_array_equal(
            one.view(np.uint8), other.view(np.uint8), f"{name} of rank {place.rank}", strict=True
        )

    assert got["expand_x"].shape == want.expand_x.shape
    same("expand_x", slice(rows))
    same("ep_recv_counts", slice(topology.size * local * pair))
    same("expert_token_nums", slice(local))
    if case.layout == "V1":
        same("expand_idx", np.flatnonzero(given.choices[place.rank].routed))
    else:
        same("expand_idx", slice(3 * int(want.tp_recv_counts[place.tp_rank % pair])))
    if case.config.quant_mode:
        same("dynamic_scales", slice(rows))
    if pair == 2:
        same("tp_recv_counts", slice(None))


def run_combine(place: Place, given: Whole, delivered: dict[str, Array]) -> CombineOutput:
    """Combine with dispatch's own indices and counts; the outputs hold something before."""
    case, tensors = given.case, dict(vars(given.returned[place.rank]))
    tensors["expand_idx"] = delivered["expand_idx"]
    tensors["ep_send_counts"] = delivered["ep_recv_counts"]
    if case.config.pair_size == 2:
        tensors["tp_send_counts"] = delivered["tp_recv_counts"]
    before = untouched(case.batches[place.rank], case.hidden)
    options = {
        name: put(name, array, place, case) for name, array in tensors.items() if array is not None
    }
    with Stream(place.device) as stream:
        result = aclnn_moe.moe_distribute_combine_add_rms_norm(
            **options,
            group_ep=place.group_ep,
            comm_quant_mode=case.config.comm_quant_mode,
            norm_eps=case.config.norm_eps,
            stream=stream,
            out=[asarray(a, place.device) for a in (before.y, before.rstd_out, before.x)],
            **common_options(place, case),
        )
        y, rstd_out, x = (array.numpy(stream=stream) for array in result)
    return CombineOutput(y=y, rstd_out=rstd_out, x=x)


def check_combine(place: Place, result: CombineOutput, given: Whole) -> None:
    want = given.results[place.rank]
    agreement = Agreement.of(result, want)
    assert agreement.ok, f"rank {place.rank}: {agreement}"
    idle = ~given.choices[place.rank].active
    for name in ("y", "rstd_out", "x"):
        got, before = getattr(result, name)[idle], getattr(want, name)[idle]
        np.testing.assert_array_equal(got.view(np.uint8), before.view(np.uint8), name)
