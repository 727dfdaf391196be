# SPDX-License-Identifier: Apache-2.0
"""What ranks run on JAX arrays.

JAX is imported in their processes only: where it is, every later fork warns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from moe_layer import BS, EXPERTS, H, K, bring_back, given, route

import aclnn_moe
from aclnn_moe import World, lent_memory, transfers


def layer(world: World) -> tuple[Any, ...]:
    """Run a layer where any copy by the package fails; returns its results as numpy arrays."""
    import jax

    def refuse(*_: Any) -> None:
        raise AssertionError("an array was copied")

    transfers._copy = refuse
    source = {name: jax.numpy.asarray(value) for name, value in given(world.rank).items()}
    sent = route(world, source)
    back = bring_back(world, source, sent)
    assert all(isinstance(value, jax.Array) for value in (*sent, *back))
    assert not lent_memory._ranges
    return tuple(type(result)(*map(np.asarray, result)) for result in (sent, back))


def dispatch_of_late_tokens(world: World) -> Any:
    """Dispatch tokens that JAX has yet to compute."""
    import jax

    @jax.jit
    def late(x: Any) -> Any:
        big = jax.numpy.ones((700, 700))
        for _ in range(20):
            big = big @ big / 700
        return (x * big[0, 0]).astype(x.dtype)

    source: dict[str, Any] = dict(given(world.rank))
    source["x"] = late(jax.numpy.asarray(source["x"]))
    return np.asarray(route(world, source).expand_x)


def refused_out(world: World) -> str:
    """Give JAX arrays to write to; returns what is said then."""
    import jax

    try:
        aclnn_moe.moe_distribute_dispatch_v2(
            jax.numpy.zeros((BS, H), "bfloat16"),
            jax.numpy.zeros((BS, K), "int32"),
            world.group,
            moe_expert_num=EXPERTS,
            out=(jax.numpy.zeros((30, H), "bfloat16"), *[None] * 6),
        )
    except TypeError as error:
        return str(error)
    return ""
