# SPDX-License-Identifier: Apache-2.0
"""Arrays of other libraries: JAX through __dlpack__, and anything through __array_interface__."""

from __future__ import annotations

from typing import Any

import jax
import moe_layer
import numpy as np
import pytest
from conftest import MakeRanks
from moe_layer import BS, EXPERTS, RANKS, H, K, bring_back, check_combine, given, route
from thread_ranks import ThreadRank

import aclnn_moe
from aclnn_moe import lent_memory, transfers


def test_jax_arrays_come_out_where_they_went_in(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("an array was copied")

    monkeypatch.setattr(transfers, "_copy", refuse)

    def work(rank: ThreadRank) -> Any:
        source = {name: jax.numpy.asarray(value) for name, value in given(rank.rank).items()}
        sent = route(rank, source)
        return sent, bring_back(rank, source, sent)

    wanted, _ = moe_layer.wanted()
    for rank, (sent, back) in enumerate(thread_ranks(RANKS).run(work)):
        assert all(isinstance(value, jax.Array) for value in (*sent, *back))
        # JAX has 64 bits only where jax_enable_x64 is set.
        assert sent.expert_token_nums.dtype == np.int32
        for name in ("expand_x", "expand_idx", "expert_token_nums", "ep_recv_counts"):
            np.testing.assert_array_equal(getattr(sent, name), getattr(wanted[rank], name))
        check_combine(rank, type(back)(*map(np.asarray, back)))
    assert not lent_memory._ranges


def test_jax_arrays_are_read_when_they_are_computed(thread_ranks: MakeRanks) -> None:
    """JAX returns before it has computed."""

    @jax.jit
    def late(x: Any) -> Any:
        big = jax.numpy.ones((700, 700))
        for _ in range(20):
            big = big @ big / 700
        return (x * big[0, 0]).astype(x.dtype)

    def work(rank: ThreadRank) -> Any:
        source: dict[str, Any] = dict(given(rank.rank))
        source["x"] = late(jax.numpy.asarray(source["x"]))
        return route(rank, source)

    wanted, _ = moe_layer.wanted()
    for rank, sent in enumerate(thread_ranks(RANKS).run(work)):
        np.testing.assert_array_equal(sent.expand_x, wanted[rank].expand_x)


def test_jax_arrays_cannot_be_written_to() -> None:
    with pytest.raises(TypeError, match=r"out: expand_x is a jaxlib\.ArrayImpl: want a writeable"):
        aclnn_moe.moe_distribute_dispatch_v2(
            jax.numpy.zeros((BS, H), "bfloat16"),
            jax.numpy.zeros((BS, K), "int32"),
            "no such group",
            RANKS,
            0,
            EXPERTS,
            out=(jax.numpy.zeros((30, H), "bfloat16"), *[None] * 6),
        )


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
