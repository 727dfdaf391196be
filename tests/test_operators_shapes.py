# SPDX-License-Identifier: Apache-2.0
"""Shapes of the operators' outputs: torch_npu's for every kind of rank."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from aclnn_moe import dtypes
from aclnn_moe.layout import Layout, layout_of
from aclnn_moe.output_shapes import plan_dispatch, plan_dispatch_v2
from aclnn_moe.reference import MoeConfig
from aclnn_moe.reference.group import row_room
from aclnn_moe.signatures import DISPATCH_V2

H = 1024


def arrays(bs: int, k: int, *, elastic: int = 0) -> dict[str, Layout | None]:
    found: dict[str, Layout | None] = {given.name: None for given in DISPATCH_V2.inputs}
    found["x"] = layout_of(dtypes.bfloat16, (bs, H), None, 0)
    found["expert_ids"] = layout_of(dtypes.int32, (bs, k), None, 0)
    if elastic:
        found["elastic_info"] = layout_of(dtypes.int32, (4 + 2 * elastic,), None, 0)
    return found


def attributes(**given: int) -> dict[str, int]:
    numbers = dict.fromkeys(DISPATCH_V2.integers, 0) | {"shared_expert_num": 1}
    return numbers | given


def shapes(layouts: dict[str, Layout | None], **given: int) -> list[tuple[int, ...]]:
    return [shape for shape, _ in plan_dispatch_v2(layouts, attributes(**given))]


def test_shared_expert_rank_has_room_for_the_ranks_it_serves() -> None:
    """EP 8, 2 shared experts on 4 ranks: 2 copies each, which serve 4 ranks of 3 tokens."""
    got = shapes(
        arrays(3, 4),
        ep_world_size=8,
        ep_rank_id=1,
        moe_expert_num=16,
        shared_expert_num=2,
        shared_expert_rank_num=4,
    )
    room = 3 * 4
    assert got == [(room, H), (room,), (room * 128,), (1,), (8,), (0,), (room,)]


def test_shared_expert_rank_has_room_for_the_longer_share() -> None:
    """EP 5, one shared expert on 2 ranks: the first copy serves ranks 0, 2 and 4."""
    for rank in (0, 1):
        got = shapes(
            arrays(3, 2),
            ep_world_size=5,
            ep_rank_id=rank,
            moe_expert_num=6,
            shared_expert_rank_num=2,
            global_bs=5 * 4,
        )
        assert got[0] == (4 * 3, H)


def test_moe_rank_beside_shared_expert_ranks_has_room_for_every_token() -> None:
    """EP 8, 4 shared-expert ranks, 4 experts on each other rank; K is 3."""
    got = shapes(
        arrays(3, 3),
        ep_world_size=8,
        ep_rank_id=4,
        moe_expert_num=16,
        shared_expert_num=2,
        shared_expert_rank_num=4,
    )
    room = 3 * 8 * 3
    assert got == [(room, H), (room,), (room * 128,), (4,), (8 * 4,), (0,), (room,)]


def test_elastic_info_makes_room_for_either_kind_of_rank() -> None:
    """Room for 8 * 3 * min(4, 1) routed rows, or 4 * 3 shared ones: the larger of the two."""
    for rank in (0, 7):
        got = shapes(
            arrays(3, 1, elastic=8),
            ep_world_size=8,
            ep_rank_id=rank,
            moe_expert_num=16,
            shared_expert_num=2,
            shared_expert_rank_num=4,
        )
        assert got == [(24, H), (24,), (24 * 128,), (4,), (8 * 4,), (0,), (24,)]


def test_tp_doubles_rows_scales_and_counts_but_not_expand_idx() -> None:
    got = shapes(
        arrays(3, 2), ep_world_size=4, ep_rank_id=0, moe_expert_num=4, tp_world_size=2, tp_rank_id=1
    )
    room = 3 * 4
    assert got == [(room * 2, H), (room * 2,), (room * 128,), (1,), (4 * 2,), (2,), (room,)]


def test_tp_of_one_rank_has_one_tp_recv_count() -> None:
    got = shapes(arrays(3, 2), ep_world_size=4, ep_rank_id=0, moe_expert_num=4, tp_world_size=1)
    room = 3 * 4
    assert got == [(room, H), (room,), (room * 128,), (1,), (4,), (1,), (room,)]


def test_v1_expand_idx_has_an_element_per_choice() -> None:
    layouts, numbers = arrays(3, 2), attributes(ep_world_size=4, moe_expert_num=8)
    v1, v2 = plan_dispatch(layouts, numbers), plan_dispatch_v2(layouts, numbers)
    assert v1[2] == ((3 * 2,), dtypes.int32)
    assert v1[:2] + v1[3:] == v2[:2] + v2[3:]


@pytest.mark.parametrize("elastic", [False, True])
def test_rooms_are_the_references(elastic: bool) -> None:
    """For every rank of every group of up to 6 ranks."""
    seen = 0
    for ep, shared_ranks, shared_num, per_rank, k, global_bs in product(
        range(2, 7), range(5), range(1, 4), (1, 3), (1, 2, 5), (0, 6)
    ):
        if shared_ranks >= ep or (shared_ranks % shared_num or not shared_ranks) * (shared_num > 1):
            continue
        if shared_ranks and shared_ranks < shared_num:
            continue
        given: dict[str, Any] = {
            "ep_world_size": ep,
            "moe_expert_num": per_rank * (ep - shared_ranks),
            "shared_expert_num": shared_num,
            "shared_expert_rank_num": shared_ranks,
            "global_bs": global_bs * ep,
        }
        config = MoeConfig(**given)
        for rank in range(ep):
            want = row_room(rank, config, global_bs or 4, k, elastic=elastic)
            got = shapes(arrays(4, k, elastic=ep if elastic else 0), ep_rank_id=rank, **given)
            assert got[0] == (want.rows, H), (given, rank)
            assert got[3] == (want.local_experts,), (given, rank)
            assert got[4] == (want.local_experts * ep,), (given, rank)
            seen += 1
    assert seen > 500


def test_attributes_out_of_range_still_give_small_outputs() -> None:
    """C refuses them by name, which needs outputs that can be allocated."""
    huge = 1 << 40
    for name, value in product(attributes(), (-huge, -1, 0, huge)):
        usual = {"ep_world_size": 4, "moe_expert_num": 8, "shared_expert_rank_num": 2}
        for shape in shapes(arrays(1, 2), **(usual | {name: value})):
            elements = 1
            for extent in shape:
                assert extent >= 0, (name, value)
                elements *= extent
            assert elements <= 1 << 32, (name, value)
