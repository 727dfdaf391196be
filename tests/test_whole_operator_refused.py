# SPDX-License-Identifier: Apache-2.0
"""Calls outside the operator's tables: the table's status, a text that names it, nothing launched.

One rank alone makes the call. Had anything been launched, the group's next collective, which comes
after all refusals, would not fit the other ranks'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole_inputs import UNTOUCHED, untouched
from whole_refusals import (
    BS,
    COMBINE,
    DISPATCH,
    EP,
    EXPERTS,
    H,
    Refusal,
    combine_arguments,
    dispatch_arguments,
)

import aclnn_moe
from aclnn_moe import AclError, asarray

if TYPE_CHECKING:
    from conftest import MakeRanks
    from thread_ranks import ThreadRank

EXAMPLES = 400


def refuse(function: Callable[..., Any], arguments: dict[str, Any], wanted: Refusal) -> None:
    with pytest.raises(AclError) as caught:
        function(**(arguments | wanted.changed))
    error = caught.value
    assert error.code == wanted.status, error
    assert error.function.endswith("GetWorkspaceSize")
    assert wanted.word in error.message, error


def group_still_fits(make: MakeRanks) -> None:
    def work(rank: ThreadRank) -> int:
        sent = aclnn_moe.moe_distribute_dispatch_v2(
            **(dispatch_arguments() | {"ep_rank_id": rank.rank}),
            group_ep=rank.group,
            stream=rank.stream,
        )
        return int(sent.ep_recv_counts[-1])

    # Every token chooses experts 0 and 1, which live on rank 0.
    assert make(EP).run(work) == [2 * BS * EP, 0, 0, 0]


@settings(deadline=None, derandomize=True, max_examples=EXAMPLES)
@given(wanted=st.one_of(DISPATCH))
def test_dispatch_refuses_what_is_outside_its_tables(
    thread_ranks: MakeRanks, wanted: Refusal
) -> None:
    rank = thread_ranks(EP).ranks[0]
    arguments = dispatch_arguments() | {"group_ep": rank.group, "stream": rank.stream}
    refuse(aclnn_moe.moe_distribute_dispatch_v2, arguments, wanted)


@settings(deadline=None, derandomize=True, max_examples=EXAMPLES)
@given(wanted=st.one_of(COMBINE))
def test_combine_refuses_what_is_outside_its_tables(
    thread_ranks: MakeRanks, wanted: Refusal
) -> None:
    rank = thread_ranks(EP).ranks[0]
    before = untouched(BS, H)
    out = [array.copy() for array in (before.y, before.rstd_out, before.x)]
    arguments = combine_arguments() | {"group_ep": rank.group, "stream": rank.stream}
    refuse(aclnn_moe.moe_distribute_combine_add_rms_norm, arguments | {"out": tuple(out)}, wanted)
    assert all((array == np.array(UNTOUCHED, array.dtype)).all() for array in out)


def test_device_outputs_are_untouched_by_a_refused_call(thread_ranks: MakeRanks) -> None:
    rank = thread_ranks(EP).ranks[0]
    before = untouched(BS, H)
    out = [asarray(array, rank.device) for array in (before.y, before.rstd_out, before.x)]
    arguments = {
        name: asarray(value, rank.device) if isinstance(value, np.ndarray) else value
        for name, value in combine_arguments().items()
    }
    arguments |= {"group_ep": rank.group, "stream": rank.stream, "out": out}
    refuse(
        aclnn_moe.moe_distribute_combine_add_rms_norm,
        arguments,
        Refusal({"moe_expert_num": EXPERTS + 1}, 561002, "moe_expert_num"),
    )
    rank.stream.synchronize()
    assert all((array.numpy() == np.array(UNTOUCHED, array.dtype)).all() for array in out)


def test_the_group_works_on_after_all_refusals(thread_ranks: MakeRanks) -> None:
    for name, arguments in (("dispatch", dispatch_arguments()), ("combine", combine_arguments())):
        function = (
            aclnn_moe.moe_distribute_dispatch_v2
            if name == "dispatch"
            else aclnn_moe.moe_distribute_combine_add_rms_norm
        )
        rank = thread_ranks(EP).ranks[0]
        arguments |= {"group_ep": rank.group, "stream": rank.stream}
        refuse(function, arguments, Refusal({"moe_expert_num": 0}, 561002, "moe_expert_num"))
        group_still_fits(thread_ranks)
