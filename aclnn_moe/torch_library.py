# SPDX-License-Identifier: Apache-2.0
"""The operators as torch's own, for ``torch.compile`` and ``torch.export``; imports torch.

``import aclnn_moe.torch_library`` registers ``torch.ops.aclnn_moe.moe_distribute_dispatch_v2`` and
``torch.ops.aclnn_moe.moe_distribute_combine_add_rms_norm``. They take what the functions of the
same names take, except that groups are names (``Communicator.name``), that ``ep_world_size``,
``ep_rank_id`` and ``moe_expert_num`` are required, and that there is no ``stream`` and no ``out``.
They have no backward.
"""

from __future__ import annotations

from typing import Any

import torch

from aclnn_moe import operators
from aclnn_moe.array_library import refuse_gradients
from aclnn_moe.dtypes import dtype_of
from aclnn_moe.output_shapes import ShapeAndType
from aclnn_moe.signatures import COMBINE, DISPATCH_V2, Signature, check_arguments

_GROUPS = """
    str group_ep, int ep_world_size, int ep_rank_id, int moe_expert_num, *, {tensors},
    str group_tp='', int tp_world_size=0, int tp_rank_id=0, int expert_shard_type=0,
    int shared_expert_num=1, int shared_expert_rank_num=0
"""
_SPECIAL_EXPERTS = "int zero_expert_num=0, int copy_expert_num=0, int const_expert_num=0"

_DISPATCH_V2 = f"""moe_distribute_dispatch_v2(
    Tensor x, Tensor expert_ids, {_GROUPS}, int quant_mode=0, SymInt global_bs=0,
    int expert_token_nums_type=1, str comm_alg='', {_SPECIAL_EXPERTS}
) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"""

_COMBINE = f"""moe_distribute_combine_add_rms_norm(
    Tensor expand_x, Tensor expert_ids, Tensor expand_idx, Tensor ep_send_counts,
    Tensor expert_scales, Tensor residual_x, Tensor gamma, {_GROUPS}, SymInt global_bs=0,
    int out_dtype=0, int comm_quant_mode=0, int group_list_type=0, str comm_alg='',
    float norm_eps=1e-06, {_SPECIAL_EXPERTS}
) -> (Tensor, Tensor, Tensor)"""

_library = torch.library.Library("aclnn_moe", "DEF")


def _register(signature: Signature, schema: str) -> None:
    """Define one operator: its function for every device, and what it gives for fake tensors."""
    function = getattr(operators, signature.name)
    optional = [given.name for given in signature.inputs if not given.required]
    if signature is DISPATCH_V2:
        optional.append("performance_info")
    tensors = ", ".join(f"Tensor? {name}=None" for name in optional)
    _library.define(" ".join(schema.format(tensors=tensors).split()))
    names = [argument.name for argument in _schema_of(signature.name).arguments]

    def run(*values: Any, **named: Any) -> tuple[torch.Tensor, ...]:  # noqa: ANN401
        return tuple(function(*values, **named))

    def fake(*values: Any, **named: Any) -> tuple[torch.Tensor, ...]:  # noqa: ANN401
        return _fake(signature, dict(zip(names, values, strict=False)) | named)

    _library.impl(signature.name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"aclnn_moe::{signature.name}", fake, lib=_library)


def _schema_of(name: str) -> Any:  # noqa: ANN401 - torch's FunctionSchema
    return getattr(torch.ops.aclnn_moe, name).default._schema


def _fake(signature: Signature, given: dict[str, Any]) -> tuple[torch.Tensor, ...]:
    """Return outputs without values, of the shapes and dtypes that the operator would give."""
    given = {
        argument.name: argument.default_value for argument in _schema_of(signature.name).arguments
    } | given
    tensors = [given[entry.name] for entry in signature.inputs]
    shapes: list[ShapeAndType | None] = []
    for entry, tensor in zip(signature.inputs, tensors, strict=True):
        if tensor is None:
            shapes.append(None)
            continue
        refuse_gradients(entry.name, tensor)
        dtype = dtype_of(str(tensor.dtype).removeprefix("torch."))
        shapes.append(ShapeAndType(tuple(tensor.shape), dtype))
    check_arguments(signature, shapes)
    arguments = signature.arguments(shapes, [given[name] for name in signature.integers])
    like = tensors[0]
    return tuple(
        like.new_empty(shape, dtype=getattr(torch, dtype.name))
        for shape, dtype in signature.plan(arguments, arguments)
    )


_register(DISPATCH_V2, _DISPATCH_V2)
_register(COMBINE, _COMBINE)
