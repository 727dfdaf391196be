# SPDX-License-Identifier: Apache-2.0
"""Features that a drawn configuration may combine, and which exclude one another."""

from __future__ import annotations

from hypothesis import strategies as st

FEATURES: dict[str, tuple[str, ...]] = {
    # Feature: those that it excludes.
    "quant": (),
    "ragged_batches": ("masks",),
    "shared_expert_x": ("shared_ranks",),
    "shared_ranks": (),
    "strided": (),
    "odd_values": (),
    "masks": (),
    "special_experts": (),
    "comm_quant": (),
    "dispatch_v1": ("special_experts", "elastic"),
    "elastic": (),
    "tp": ("elastic", "comm_quant"),
}


def excludes(one: str, other: str) -> bool:
    return other in FEATURES[one] or one in FEATURES[other]


@st.composite
def feature_sets(draw: st.DrawFn, always: str) -> frozenset[str]:
    """Draw features that go together, `always` among them."""
    chosen = {always}
    for name in draw(st.lists(st.sampled_from(list(FEATURES)), unique=True)):
        if not any(excludes(name, other) for other in chosen):
            chosen.add(name)
    return frozenset(chosen)
