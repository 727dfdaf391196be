# SPDX-License-Identifier: Apache-2.0
"""Shapes of the operators' outputs, after comparing the arrays given with one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from aclnn_moe import dtypes
from aclnn_moe.dtypes import DType


class Shaped(Protocol):
    """What has a shape and a dtype: a layout, or less."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents; torch's symbols for them do as well."""

    @property
    def dtype(self) -> DType:
        """Element type."""


class ShapeAndType(NamedTuple):
    """The least that has both."""

    shape: tuple[int, ...]
    dtype: DType


Layouts = Mapping[str, Shaped | None]
Integers = Mapping[str, int]
Output = tuple[tuple[int, ...], DType]

# Attributes far out of range still get an output shape, so that C can refuse them by name; these
# keep that shape small. They are above every limit of the specification.
_MOST_RANKS = 1024
_MOST_EXPERTS = 2048
_MOST_GLOBAL_BS = 1 << 20

# Elements of expand_idx per row that a rank can receive: CANN's own constant.
_IDX_PER_ROW = 128


class _Room(NamedTuple):
    """Most rows that a rank can receive (A), and its experts."""

    rows: int
    local: int


def plan_dispatch(layouts: Layouts, integers: Integers) -> list[Output]:
    """Return V1's outputs, whose expand_idx has an element per choice."""
    tokens, top_k = _compare_dispatch(layouts)
    outputs = _dispatch_outputs(layouts, integers)
    outputs[2] = ((tokens * top_k,), dtypes.int32)
    return outputs


def plan_dispatch_v2(layouts: Layouts, integers: Integers) -> list[Output]:
    """Return V2's and V3's outputs, whose expand_idx has a block per row."""
    _compare_dispatch(layouts)
    return _dispatch_outputs(layouts, integers)


def plan_combine(layouts: Layouts, integers: Integers) -> list[Output]:
    """Return the outputs of combine + add + RMSNorm."""
    del integers
    hidden = _need(layouts["expand_x"])[1]
    tokens, top_k = _need(layouts["expert_ids"])
    by_ids = f"since expert_ids has shape {(tokens, top_k)}"
    by_rows = f"since expand_x has shape {_need(layouts['expand_x'])}"
    by_both = f"{by_ids} and expand_x has {_need(layouts['expand_x'])}"
    both = [(tokens, 1, hidden), (tokens, hidden)]
    _compare("expert_scales", layouts, by_ids, [(tokens, top_k)])
    _compare("residual_x", layouts, by_both, both)
    _compare("gamma", layouts, by_rows, [(hidden,)])
    _compare("x_active_mask", layouts, by_ids, [(tokens,), (tokens, top_k)])
    _compare("shared_expert_x", layouts, by_both, both)
    _compare("ori_x", layouts, by_both, [(tokens, hidden)])
    constants = layouts["const_expert_v"]
    if constants is not None:
        number = constants.shape[0]
        _compare("const_expert_v", layouts, by_rows, [(number, hidden)])
        by_constants = f"since const_expert_v has shape {constants.shape}"
        for name in ("const_expert_alpha_1", "const_expert_alpha_2"):
            _compare(name, layouts, by_constants, [(number,), (number, hidden)])
    return [
        ((tokens, 1, hidden), dtypes.bfloat16),
        ((tokens, 1, 1), dtypes.float32),
        ((tokens, 1, hidden), dtypes.bfloat16),
    ]


def _compare_dispatch(layouts: Layouts) -> tuple[int, int]:
    """Compare dispatch's arrays with one another; return BS and K."""
    tokens, hidden = _need(layouts["x"])
    top_k = _need(layouts["expert_ids"])[1]
    by_x = f"since x has shape {(tokens, hidden)}"
    by_ids = f"since expert_ids has shape {(tokens, top_k)}"
    _compare("expert_ids", layouts, by_x, [(tokens, top_k)])
    scales = layouts["scales"]
    if scales is not None and scales.shape[1] != hidden:
        raise ValueError(
            f"scales has shape {scales.shape}: want (experts, {hidden}), since x has shape "
            f"{(tokens, hidden)}"
        )
    _compare("x_active_mask", layouts, by_ids, [(tokens,), (tokens, top_k)])
    _compare("expert_scales", layouts, by_ids, [(tokens, top_k)])
    return tokens, top_k


def _dispatch_outputs(layouts: Layouts, integers: Integers) -> list[Output]:
    tokens, hidden = _need(layouts["x"])
    top_k = _need(layouts["expert_ids"])[1]
    ranks = min(max(integers["ep_world_size"], 1), _MOST_RANKS)
    tp_ranks = min(max(integers["tp_world_size"], 0), 2)
    pair = max(tp_ranks, 1)
    rows, local = _room(
        integers, ranks, tokens, top_k, elastic=layouts.get("elastic_info") is not None
    )
    x = layouts["x"]
    value = dtypes.int8 if integers["quant_mode"] == 2 or x is None else x.dtype
    return [
        ((rows * pair, hidden), value),
        ((rows * pair,), dtypes.float32),
        ((max(tokens * top_k, rows * _IDX_PER_ROW),), dtypes.int32),
        ((local,), dtypes.int64),
        ((ranks * local * pair,), dtypes.int32),
        ((tp_ranks,), dtypes.int32),
        ((rows,), dtypes.float32),
    ]


def _room(integers: Integers, ranks: int, tokens: int, top_k: int, *, elastic: bool) -> _Room:
    """Size one rank; with elastic_info for either kind of rank, since it may become the other."""
    global_bs = min(integers["global_bs"], _MOST_GLOBAL_BS)
    global_bs = global_bs if global_bs > 0 else tokens * ranks
    shared_ranks = max(integers["shared_expert_rank_num"], 0)
    local = max(1, min(integers["moe_expert_num"], _MOST_EXPERTS) // max(1, ranks - shared_ranks))
    routed = _Room(global_bs * min(local, top_k), local)
    if shared_ranks == 0:
        return routed
    # Source r sends to copy r modulo the copies, so that the first ones may serve one rank more.
    copies = max(1, shared_ranks // max(1, integers["shared_expert_num"]))
    shared = _Room(global_bs // ranks * -(-ranks // copies), 1)
    if elastic:
        return _Room(max(shared.rows, routed.rows), max(shared.local, routed.local))
    return shared if integers["ep_rank_id"] < shared_ranks else routed


def _need(layout: Shaped | None) -> tuple[int, ...]:
    if layout is None:
        raise TypeError("a required array is missing")
    return layout.shape


def _compare(name: str, layouts: Layouts, wanted: str, allowed: list[tuple[int, ...]]) -> None:
    """Compare the shape of an array that was given with those allowed."""
    layout = layouts[name]
    if layout is not None and layout.shape not in allowed:
        raise ValueError(
            f"{name} has shape {layout.shape}: want {' or '.join(map(str, allowed))}, {wanted}"
        )
