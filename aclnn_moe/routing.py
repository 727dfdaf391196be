# SPDX-License-Identifier: Apache-2.0
"""A router for demonstrations, tests and benchmarks: softmax, top k, some experts more popular."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


class Routing(NamedTuple):
    """Experts of each token.

    Attributes
    ----------
    expert_ids : int32, (BS, K)
        Most probable expert first; no id twice in a row.
    expert_scales : float32, (BS, K)
        Probabilities of the experts chosen, scaled to a sum of 1.
    """

    expert_ids: npt.NDArray[np.int32]
    expert_scales: npt.NDArray[np.float32]


def gate(
    num_tokens: int,
    hidden: int,
    num_experts: int,
    k: int,
    *,
    seed: int = 0,
    rank: int = 0,
    skew: float = 1.0,
) -> Routing:
    """Route random tokens through a random router.

    The same arguments give the same routing in every process. Router and popularity of the experts
    follow from `seed` and are the same on all ranks; the tokens follow from `seed` and `rank`.

    Parameters
    ----------
    num_tokens : int
        BS.
    hidden : int
        Size of the tokens that the router sees.
    num_experts : int
        Routed experts.
    k : int
        Experts per token.
    seed, rank : int
        What the random numbers follow from.
    skew : float
        0: all experts alike. 1: the n-th most popular expert has about 1/n of the odds of the first
        before the token has a say. More: steeper.

    Returns
    -------
    Routing
        `expert_ids` and `expert_scales`.

    Raises
    ------
    ValueError
        When an argument is out of its range.
    """
    for name, value in (("num_tokens", num_tokens), ("hidden", hidden), ("k", k)):
        if value < 1:
            raise ValueError(f"{name}: want at least 1, got {value}")
    for name, value in (("seed", seed), ("rank", rank)):
        if value < 0:
            raise ValueError(f"{name}: want at least 0, got {value}")
    if not (math.isfinite(skew) and skew >= 0):
        raise ValueError(f"skew: want finite and at least 0, got {skew}")
    if k > num_experts:
        raise ValueError(f"k: want at most num_experts = {num_experts}, got {k}")
    router = np.random.default_rng([seed, 0])
    weights = router.standard_normal((hidden, num_experts), np.float32)
    popularity = -skew * np.log1p(router.permutation(num_experts))
    tokens = np.random.default_rng([seed, 1, rank]).standard_normal(
        (num_tokens, hidden), np.float32
    )

    # einsum adds in a fixed order; a matrix product may depend on the number of threads.
    logits = (
        np.einsum("th,he->te", tokens, weights).astype(np.float64) / np.sqrt(hidden) + popularity
    )
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    expert_ids = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    chosen = np.take_along_axis(probabilities, expert_ids, axis=1)
    scales = chosen / chosen.sum(axis=1, keepdims=True)
    return Routing(expert_ids.astype(np.int32), scales.astype(np.float32))
