# SPDX-License-Identifier: Apache-2.0
"""Features that a drawn configuration may combine, and which exclude one another."""

from __future__ import annotations

from hypothesis import strategies as st

# Features that the host device does not have yet: it refuses them by name, so nobody draws them.
NOT_YET: tuple[str, ...] = ()

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

AVAILABLE = [name for name in FEATURES if name not in NOT_YET]


def excludes(one: str, other: str) -> bool:
    return other in FEATURES[one] or one in FEATURES[other]


@st.composite
def feature_sets(draw: st.DrawFn, always: str) -> frozenset[str]:
    """Draw features that go together, `always` among them."""
    chosen = {always}
    for name in draw(st.lists(st.sampled_from(AVAILABLE), unique=True)):
        if not any(excludes(name, other) for other in chosen):
            chosen.add(name)
    return frozenset(chosen)
