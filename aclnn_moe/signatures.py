# SPDX-License-Identifier: Apache-2.0
"""What the operators take and give: names, dtypes, ranks, and the C functions behind them.

Only what can be told from the arguments' types and from comparing arrays with one another is
checked here and in `output_shapes`. The ranges of the specification are checked in C, in one place
for all callers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from aclnn_moe import dtypes
from aclnn_moe.dtypes import DType
from aclnn_moe.layout import Layout
from aclnn_moe.output_shapes import (
    Integers,
    Layouts,
    Output,
    Shaped,
    plan_combine,
    plan_dispatch,
    plan_dispatch_v2,
)


class Input(NamedTuple):
    """One array argument: an empty ``dtypes`` or ``ranks`` leaves the check to C."""

    name: str
    dtypes: tuple[DType, ...] = ()
    ranks: tuple[int, ...] = ()
    required: bool = True


class Function(NamedTuple):
    """A C function behind an operator; ``lacks`` are the arguments that it has no place for."""

    name: str
    number: str  # constant of the binding
    lacks: tuple[str, ...] = ()


class Signature(NamedTuple):
    """An operator: its C functions, newest first, its arguments in C's order, and its outputs."""

    name: str
    functions: tuple[Function, ...]
    inputs: tuple[Input, ...]
    integers: tuple[str, ...]
    outputs: tuple[str, ...]
    plan: Callable[[Layouts, Integers], list[Output]]

    def arguments(self, arrays: Sequence[Any], integers: Sequence[int]) -> dict[str, Any]:
        """Return arrays and integers by name."""
        names = [*(given.name for given in self.inputs), *self.integers]
        return dict(zip(names, [*arrays, *integers], strict=True))


def check_inputs(signature: Signature, layouts: Sequence[Layout | None], device: int) -> None:
    """Check presence, dtype, rank and device of each input.

    Raises
    ------
    TypeError
        A required array is missing, or has a wrong dtype.
    ValueError
        An array has a wrong number of dimensions, or is on another device.
    """
    check_arguments(signature, layouts)
    for given, layout in zip(signature.inputs, layouts, strict=True):
        if layout is not None and layout.device != device:
            raise ValueError(f"{given.name} is on device {layout.device}: want device {device}")


def check_arguments(signature: Signature, layouts: Sequence[Shaped | None]) -> None:
    """Check presence, dtype and rank of each input.

    Raises
    ------
    TypeError
        A required array is missing, or has a wrong dtype.
    ValueError
        An array has a wrong number of dimensions.
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


def check_fits(signature: Signature, function: Function, arguments: dict[str, Any]) -> None:
    """Check that ``function``, the newest one there is, has a place for every argument given.

    Raises
    ------
    NotImplementedError
        It has none; the message names the argument and the function that it needs.
    """
    for name in function.lacks:
        if arguments[name] is not None and arguments[name] != 0:
            raise NotImplementedError(
                f"{name} needs {signature.functions[0].name}, which no library has: only "
                f"{function.name} is there"
            )


_SPECIAL_EXPERTS = ("zero_expert_num", "copy_expert_num", "const_expert_num")

_DISPATCH_INPUTS = (
    Input("x", (dtypes.bfloat16, dtypes.float16), (2,)),
    Input("expert_ids", (dtypes.int32,), (2,)),
    Input("scales", (dtypes.float32,), (2,), required=False),
    Input("x_active_mask", (dtypes.bool_,), (1, 2), required=False),
    Input("expert_scales", (dtypes.float32,), (2,), required=False),
)

_DISPATCH_INTEGERS = (
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
)

_DISPATCH_OUTPUTS = (
    "expand_x",
    "dynamic_scales",
    "expand_idx",
    "expert_token_nums",
    "ep_recv_counts",
    "tp_recv_counts",
    "expand_scales",
)

DISPATCH = Signature(
    "moe_distribute_dispatch",
    (Function("aclnnMoeDistributeDispatch", "ACLNN_MOE_DISPATCH"),),
    _DISPATCH_INPUTS,
    _DISPATCH_INTEGERS,
    _DISPATCH_OUTPUTS,
    plan_dispatch,
)

DISPATCH_V2 = Signature(
    "moe_distribute_dispatch_v2",
    (
        Function("aclnnMoeDistributeDispatchV3", "ACLNN_MOE_DISPATCH_V3"),
        Function(
            "aclnnMoeDistributeDispatchV2",
            "ACLNN_MOE_DISPATCH_V2",
            ("elastic_info", *_SPECIAL_EXPERTS),
        ),
    ),
    (*_DISPATCH_INPUTS, Input("elastic_info", (dtypes.int32,), (1,), required=False)),
    (*_DISPATCH_INTEGERS, *_SPECIAL_EXPERTS),
    _DISPATCH_OUTPUTS,
    plan_dispatch_v2,
)

_COMBINE_V2_INPUTS = (
    Input("elastic_info", (dtypes.int32,), (1,), required=False),
    Input("ori_x", (dtypes.bfloat16,), (2,), required=False),
    Input("const_expert_alpha_1", (dtypes.bfloat16,), (1, 2), required=False),
    Input("const_expert_alpha_2", (dtypes.bfloat16,), (1, 2), required=False),
    Input("const_expert_v", (dtypes.bfloat16,), (2,), required=False),
)

COMBINE = Signature(
    "moe_distribute_combine_add_rms_norm",
    (
        Function("aclnnMoeDistributeCombineAddRmsNormV2", "ACLNN_MOE_COMBINE_ADD_RMS_NORM_V2"),
        Function(
            "aclnnMoeDistributeCombineAddRmsNorm",
            "ACLNN_MOE_COMBINE_ADD_RMS_NORM",
            (*(given.name for given in _COMBINE_V2_INPUTS), *_SPECIAL_EXPERTS),
        ),
    ),
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
        *_COMBINE_V2_INPUTS,
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
        *_SPECIAL_EXPERTS,
    ),
    ("y", "rstd_out", "x"),
    plan_combine,
)
