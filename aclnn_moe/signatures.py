# SPDX-License-Identifier: Apache-2.0
"""What the two operators take and give: names, dtypes, ranks, and shapes that depend on others.

Only what can be told from the arguments' types and from comparing arrays with one another is
checked here. The ranges of the specification are checked in C, in one place for all callers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from aclnn_moe import dtypes
from aclnn_moe.dtypes import DType
from aclnn_moe.layout import Layout

Layouts = Sequence[Layout | None]
Output = tuple[tuple[int, ...], DType]

# Attributes far out of range still get an output shape, so that C can refuse them by name; these
# keep that shape small. They are above every limit of the specification.
_MOST_RANKS = 1024
_MOST_EXPERTS = 2048
_MOST_GLOBAL_BS = 1 << 20

# Elements of expand_idx per row that a rank can receive: CANN's own constant.
_IDX_PER_ROW = 128


class Input(NamedTuple):
    """One array argument: an empty ``dtypes`` or ``ranks`` leaves the check to C."""

    name: str
    dtypes: tuple[DType, ...] = ()
    ranks: tuple[int, ...] = ()
    required: bool = True


class Signature(NamedTuple):
    """An operator: its C name, its arguments in C's order, and its outputs."""

    name: str
    number: str  # constant of the binding
    inputs: tuple[Input, ...]
    integers: tuple[str, ...]
    outputs: tuple[str, ...]
    plan: Callable[[Layouts, Sequence[int]], list[Output]]


def _compare(
    name: str, shape: tuple[int, ...], wanted: str, allowed: list[tuple[int, ...]]
) -> None:
    if shape not in allowed:
        raise ValueError(
            f"{name} has shape {shape}: want {' or '.join(map(str, allowed))}, {wanted}"
        )


def check_inputs(signature: Signature, layouts: Layouts, device: int) -> None:
    """Check presence, dtype, rank and device of each input.

    Raises
    ------
    TypeError
        A required array is missing, or has a wrong dtype.
    ValueError
        An array has a wrong number of dimensions, or is on another device.
    """
    for given, layout in zip(signature.inputs, layouts, strict=True):
        if layout is None:
            if given.required:
                raise TypeError(f"{given.name} is None: want an array")
            continue
        if given.dtypes and layout.dtype not in given.dtypes:
            names = " or ".join(dtype.name for dtype in given.dtypes)
            raise TypeError(f"{given.name} is {layout.dtype.name}: want {names}")
        if given.ranks and len(layout.shape) not in given.ranks:
            ranks = " or ".join(map(str, given.ranks))
            raise ValueError(
                f"{given.name} has {len(layout.shape)} dimensions {layout.shape}: want {ranks}"
            )
        if layout.device != device:
            raise ValueError(f"{given.name} is on device {layout.device}: want device {device}")


def _need(layout: Layout | None) -> tuple[int, ...]:
    if layout is None:
        raise TypeError("a required array is missing")
    return layout.shape


def _plan_dispatch(layouts: Layouts, integers: Sequence[int]) -> list[Output]:
    x, expert_ids, scales, x_active_mask, expert_scales = layouts
    tokens, hidden = _need(x)
    _compare(
        "expert_ids",
        _need(expert_ids),
        f"since x has shape {_need(x)}",
        [(tokens, _need(expert_ids)[1])],
    )
    top_k = _need(expert_ids)[1]
    since = f"since expert_ids has shape {(tokens, top_k)}"
    if scales is not None and scales.shape[1] != hidden:
        raise ValueError(
            f"scales has shape {scales.shape}: want (experts, {hidden}), since x has shape "
            f"{_need(x)}"
        )
    if x_active_mask is not None:
        _compare("x_active_mask", x_active_mask.shape, since, [(tokens,), (tokens, top_k)])
    if expert_scales is not None:
        _compare("expert_scales", expert_scales.shape, since, [(tokens, top_k)])

    named = dict(zip(DISPATCH.integers, integers, strict=True))
    ranks = min(max(named["ep_world_size"], 1), _MOST_RANKS)
    pairs = min(max(named["tp_world_size"], 1), 2)
    shared_ranks = named["shared_expert_rank_num"]
    global_bs = min(named["global_bs"], _MOST_GLOBAL_BS)
    global_bs = global_bs if global_bs > 0 else tokens * ranks
    if named["ep_rank_id"] < shared_ranks:
        local = 1
        shared = min(max(named["shared_expert_num"], 1), shared_ranks)
        rows = global_bs * shared // shared_ranks
    else:
        local = max(1, min(named["moe_expert_num"], _MOST_EXPERTS) // max(1, ranks - shared_ranks))
        rows = global_bs * min(local, top_k)
    quantised = named["quant_mode"] == 2
    value = dtypes.int8 if quantised or x is None else x.dtype
    return [
        ((rows * pairs, hidden), value),
        ((rows * pairs,), dtypes.float32),
        ((max(tokens * top_k, rows * _IDX_PER_ROW),), dtypes.int32),
        ((local,), dtypes.int64),
        ((ranks * local * pairs,), dtypes.int32),
        ((min(max(named["tp_world_size"], 0), 2),), dtypes.int32),
        ((rows,), dtypes.float32),
    ]


def _plan_combine(layouts: Layouts, integers: Sequence[int]) -> list[Output]:
    del integers
    named = dict(zip((given.name for given in COMBINE.inputs), layouts, strict=True))
    hidden = _need(named["expand_x"])[1]
    tokens, top_k = _need(named["expert_ids"])
    by_ids = f"since expert_ids has shape {(tokens, top_k)}"
    by_both = f"{by_ids} and expand_x has {_need(named['expand_x'])}"
    both = [(tokens, 1, hidden), (tokens, hidden)]
    _compare("expert_scales", _need(named["expert_scales"]), by_ids, [(tokens, top_k)])
    _compare("residual_x", _need(named["residual_x"]), by_both, both)
    _compare(
        "gamma",
        _need(named["gamma"]),
        f"since expand_x has shape {_need(named['expand_x'])}",
        [(hidden,)],
    )
    mask, shared = named["x_active_mask"], named["shared_expert_x"]
    if mask is not None:
        _compare("x_active_mask", mask.shape, by_ids, [(tokens,), (tokens, top_k)])
    if shared is not None:
        _compare("shared_expert_x", shared.shape, by_both, both)
    return [
        ((tokens, 1, hidden), dtypes.bfloat16),
        ((tokens, 1, 1), dtypes.float32),
        ((tokens, 1, hidden), dtypes.bfloat16),
    ]


DISPATCH = Signature(
    "aclnnMoeDistributeDispatchV2",
    "ACLNN_MOE_DISPATCH_V2",
    (
        Input("x", (dtypes.bfloat16, dtypes.float16), (2,)),
        Input("expert_ids", (dtypes.int32,), (2,)),
        Input("scales", (dtypes.float32,), (2,), required=False),
        Input("x_active_mask", (dtypes.bool_,), (1, 2), required=False),
        Input("expert_scales", (dtypes.float32,), (2,), required=False),
    ),
    (
        "ep_world_size",
        "ep_rank_id",
        "moe_expert_num",
        "tp_world_size",
        "tp_rank_id",
        "expert_shard_type",
        "shared_expert_num",
        "shared_expert_rank_num",
        "quant_mode",
        "global_bs",
        "expert_token_nums_type",
    ),
    (
        "expand_x",
        "dynamic_scales",
        "expand_idx",
        "expert_token_nums",
        "ep_recv_counts",
        "tp_recv_counts",
        "expand_scales",
    ),
    _plan_dispatch,
)

COMBINE = Signature(
    "aclnnMoeDistributeCombineAddRmsNorm",
    "ACLNN_MOE_COMBINE_ADD_RMS_NORM",
    (
        Input("expand_x", (dtypes.bfloat16,), (2,)),
        Input("expert_ids", (dtypes.int32,), (2,)),
        Input("expand_idx", (dtypes.int32,), (1,)),
        Input("ep_send_counts", (dtypes.int32,), (1,)),
        Input("expert_scales", (dtypes.float32,), (2,)),
        Input("residual_x", (dtypes.bfloat16,), (2, 3)),
        Input("gamma", (dtypes.bfloat16,), (1,)),
        Input("tp_send_counts", (dtypes.int32,), (1,), required=False),
        Input("x_active_mask", (dtypes.bool_,), (1, 2), required=False),
        Input("activation_scale", required=False),
        Input("weight_scale", required=False),
        Input("group_list", required=False),
        Input("expand_scales", required=False),
        Input("shared_expert_x", (dtypes.bfloat16,), (2, 3), required=False),
    ),
    (
        "ep_world_size",
        "ep_rank_id",
        "moe_expert_num",
        "tp_world_size",
        "tp_rank_id",
        "expert_shard_type",
        "shared_expert_num",
        "shared_expert_rank_num",
        "global_bs",
        "out_dtype",
        "comm_quant_mode",
        "group_list_type",
    ),
    ("y", "rstd_out", "x"),
    _plan_combine,
)
