# SPDX-License-Identifier: Apache-2.0
"""Arrays of other libraries: JAX through __dlpack__, and anything through __array_interface__."""

from __future__ import annotations

from typing import Any

import jax_ranks
import moe_layer
import numpy as np
from conftest import MakeRanks
from moe_layer import RANKS, bring_back, check_combine, given, route
from thread_ranks import ThreadRank

import aclnn_moe


def test_jax_arrays_come_out_where_they_went_in() -> None:
    wanted, _ = moe_layer.wanted()
    for rank, (sent, back) in enumerate(aclnn_moe.launch(jax_ranks.layer, RANKS, timeout=200)):
        # JAX has 64 bits only where jax_enable_x64 is set.
        assert sent.expert_token_nums.dtype == np.int32
        for name in ("expand_x", "expand_idx", "expert_token_nums", "ep_recv_counts"):
            np.testing.assert_array_equal(getattr(sent, name), getattr(wanted[rank], name))
        check_combine(rank, back)


def test_jax_arrays_are_read_when_they_are_computed() -> None:
    """JAX returns before it has computed."""
    wanted, _ = moe_layer.wanted()
    ranks = aclnn_moe.launch(jax_ranks.dispatch_of_late_tokens, RANKS, timeout=200)
    for rank, expand_x in enumerate(ranks):
        np.testing.assert_array_equal(expand_x, wanted[rank].expand_x)


def test_jax_arrays_cannot_be_written_to() -> None:
    for text in aclnn_moe.launch(jax_ranks.refused_out, RANKS, timeout=200):
        assert text == "out: expand_x is a jaxlib.ArrayImpl: want a writeable array or None"


class Interface:
    """An array that only says where it is."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.__array_interface__ = source.__array_interface__


def test_anything_with_an_array_interface_is_taken(thread_ranks: MakeRanks) -> None:
    """The interface has no bf16, so that only the other arrays can be such."""

    def work(rank: ThreadRank) -> Any:
        source: dict[str, Any] = dict(given(rank.rank))
        for name in ("expert_ids", "expert_scales"):
            source[name] = Interface(source[name])
        sent = route(rank, source)
        assert type(sent.expand_x) is np.ndarray
        return bring_back(rank, source, sent)

    for rank, back in enumerate(thread_ranks(RANKS).run(work)):
        check_combine(rank, back)
