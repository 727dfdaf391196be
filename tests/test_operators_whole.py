# SPDX-License-Identifier: Apache-2.0
"""Every feature of the operators on numpy arrays against the reference, whole outputs compared.

Numpy outputs are zero beyond what means something, as the reference's are, so nothing is left out
of the comparison. Device arrays are held to the reference in `test_whole_operator_valid`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from whole_case import Case
from whole_inputs import Whole, untouched, whole
from whole_ranks import Groups, Place, common_options

import aclnn_moe
from aclnn_moe.reference import Agreement, DispatchOutput, MoeConfig

if TYPE_CHECKING:
    from conftest import MakeRanks


def case(*features: str, elastic: tuple[int, ...] | None = None, **attributes: Any) -> Case:
    """A configuration of 4 ranks with 5 tokens each, unless the attributes say otherwise."""
    own = {name: attributes.pop(name) for name in ("k", "mask_dims") if name in attributes}
    given = {"ep_world_size": 4, "moe_expert_num": 8} | attributes
    config = MoeConfig(**given)
    left = elastic[1] if elastic else config.ep_world_size
    experts = elastic[3] if elastic else config.moe_expert_num
    first = config.moe_expert_num
    usable = (*range(experts), *range(first, first + config.special_expert_num))
    return Case(
        features=frozenset(features),
        config=config,
        elastic_info=elastic,
        batches=(5,) * (left * config.pair_size),
        hidden=1024,
        usable_ids=usable,
        popular=len(usable),
        alpha_dims=1,
        flat_residual=False,
        smooth=False,
        placement={},
        seed=len(features) + config.world_size,
        **({"k": 3, "mask_dims": 0} | own),
    )


# Four ranks, of which one is gone: original 1, and original 0 with a shared expert.
RANK_1_GONE = (1, 3, 0, 6, 0, -1, 1, 2, 0, 2, 3, -1)
RANK_0_GONE = (1, 3, 1, 4, -1, 0, 1, 2, 1, 2, 3, -1)
SPECIAL = {"zero_expert_num": 1, "copy_expert_num": 2, "const_expert_num": 2}

CASES = {
    "plain": case(),
    "mask of tokens": case("masks", mask_dims=1),
    "mask of choices": case("masks", mask_dims=2),
    "mask with quantised rows": case("masks", "quant", mask_dims=2, quant_mode=2),
    "shared_expert_x": case("shared_expert_x"),
    "one shared-expert rank": case(shared_expert_rank_num=1, moe_expert_num=6),
    "two copies of a shared expert": case(shared_expert_rank_num=2, moe_expert_num=4),
    "two shared experts": case(
        shared_expert_rank_num=2, shared_expert_num=2, moe_expert_num=4, expert_token_nums_type=0
    ),
    "four shared experts, masked": case(
        "masks",
        mask_dims=2,
        ep_world_size=6,
        shared_expert_rank_num=4,
        shared_expert_num=4,
        moe_expert_num=6,
    ),
    "copies that serve unequal shares": case(
        ep_world_size=5, shared_expert_rank_num=2, moe_expert_num=6
    ),
    "ranks that differ in BS": replace(case("ragged_batches", global_bs=20), batches=(1, 5, 2, 3)),
    "special experts": case("special_experts", **SPECIAL),
    "special experts, masked": case("special_experts", "masks", mask_dims=2, **SPECIAL),
    "alphas per element": replace(case("special_experts", **SPECIAL), alpha_dims=2),
    "comm_quant": case("comm_quant", comm_quant_mode=2),
    "V1": case("dispatch_v1"),
    "V1, masked": case("dispatch_v1", "masks", mask_dims=2),
    "V1, shared experts": case("dispatch_v1", shared_expert_rank_num=2, moe_expert_num=4),
    "elastic but whole": case("elastic", elastic=(0, 4, 0, 8, *range(4), *range(4))),
    "a rank gone": case("elastic", elastic=RANK_1_GONE),
    "a shared-expert rank gone": case(
        "elastic", elastic=RANK_0_GONE, shared_expert_rank_num=1, moe_expert_num=6
    ),
    "a rank gone, special experts": case(
        "elastic", "special_experts", elastic=RANK_1_GONE, **SPECIAL
    ),
    "a rank gone, quantised and masked": case(
        "elastic", "quant", "masks", elastic=RANK_1_GONE, quant_mode=2, mask_dims=1
    ),
    "tp": case("tp", ep_world_size=3, moe_expert_num=3, tp_world_size=2, k=2),
    "tp, quantised": case(
        "tp", "quant", ep_world_size=3, moe_expert_num=3, tp_world_size=2, k=2, quant_mode=2
    ),
    "tp, masked": case(
        "tp", "masks", ep_world_size=3, moe_expert_num=3, tp_world_size=2, k=2, mask_dims=2
    ),
    "tp, V1, shared experts": case(
        *("tp", "dispatch_v1"),
        ep_world_size=3,
        moe_expert_num=2,
        tp_world_size=2,
        shared_expert_rank_num=1,
        k=2,
    ),
}


def options(place: Place, given: Whole) -> dict[str, Any]:
    found = common_options(place, given.case)
    if given.case.has("elastic"):
        found["elastic_info"] = given.case.elastic_array
    return found


def run_dispatch(place: Place, given: Whole) -> aclnn_moe.DispatchResult:
    v1 = given.case.has("dispatch_v1")
    function: Any = (
        aclnn_moe.moe_distribute_dispatch if v1 else aclnn_moe.moe_distribute_dispatch_v2
    )
    with aclnn_moe.Stream(place.device) as stream:
        result: aclnn_moe.DispatchResult = function(
            **vars(given.sent[place.rank]),
            group_ep=place.group_ep,
            quant_mode=given.case.config.quant_mode,
            expert_token_nums_type=given.case.config.expert_token_nums_type,
            stream=stream,
            **options(place, given),
        )
    return result


def check_dispatch(place: Place, got: aclnn_moe.DispatchResult, given: Whole) -> None:
    want: DispatchOutput = given.delivered[place.rank]
    compared = ["expand_x", "expand_idx", "expert_token_nums", "ep_recv_counts"]
    if given.case.config.quant_mode:
        compared.append("dynamic_scales")
    if given.case.config.tp_world_size == 2:
        compared.append("tp_recv_counts")
    for name in compared:
        one, other = getattr(got, name), getattr(want, name)
        where = f"{name} of rank {place.rank}"
        assert (one.shape, one.dtype) == (other.shape, other.dtype), where
        np.testing.assert_array_equal(one.view(np.uint8), other.view(np.uint8), where)


def run_combine(
    place: Place, given: Whole, sent: aclnn_moe.DispatchResult
) -> aclnn_moe.CombineResult:
    tensors = vars(given.returned[place.rank]) | {
        "expand_idx": sent.expand_idx,
        "ep_send_counts": sent.ep_recv_counts,
    }
    before = untouched(given.case.batches[place.rank], given.case.hidden)
    with aclnn_moe.Stream(place.device) as stream:
        return aclnn_moe.moe_distribute_combine_add_rms_norm(
            **tensors,
            expand_scales=sent.expand_scales,
            group_ep=place.group_ep,
            comm_quant_mode=given.case.config.comm_quant_mode,
            norm_eps=given.case.config.norm_eps,
            stream=stream,
            out=[before.y.copy(), before.rstd_out, before.x.copy()],
            **options(place, given),
        )


@pytest.mark.parametrize("name", CASES)
def test_numpy_arrays_agree_with_the_reference(thread_ranks: MakeRanks, name: str) -> None:
    given = whole(CASES[name])
    groups = Groups(thread_ranks, given.case)
    try:
        sent = groups.run(lambda place: run_dispatch(place, given))
        for place, got in zip(groups.places, sent, strict=True):
            check_dispatch(place, got, given)
        results = groups.run(lambda place: run_combine(place, given, sent[place.rank]))
        for place, result in zip(groups.places, results, strict=True):
            agreement = Agreement.of(result, given.results[place.rank])  # type: ignore[arg-type]
            assert agreement.ok, f"rank {place.rank}: {agreement}"
            idle = ~given.choices[place.rank].active
            assert (result.x[idle] == 7).all() and (result.rstd_out[idle] == 7).all()
    finally:
        groups.close()
