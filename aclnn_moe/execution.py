# SPDX-License-Identifier: Apache-2.0
"""From an operator's arguments to its prepared call: which arrays, which group, which stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aclnn_moe import host_operands, npu_tensors
from aclnn_moe.array import DeviceArray
from aclnn_moe.communicator import Communicator
from aclnn_moe.operator_call import OperatorCall, call_for, check_output
from aclnn_moe.runtime import Device
from aclnn_moe.signatures import Signature
from aclnn_moe.stream import Stream, timeline_for
from aclnn_moe.timeline import Timeline


def execute(
    signature: Signature,
    inputs: tuple[Any, ...],
    integers: tuple[int, ...],
    names: tuple[str, str, str],
    real: float,
    device: int | None,
    stream: Stream | int | None,
    out: Sequence[Any] | None,
) -> Sequence[Any]:
    """Run an operator on arrays of any kind; ``device`` is the group's where it is known.

    The kind of the first array that is not a device array decides who makes operands of them all,
    and arrays of that kind of the results.
    """
    if out is not None and len(out) != len(signature.outputs):
        raise ValueError(f"out has {len(out)} entries: want {len(signature.outputs)}")
    # Classes are compared first, since that is all that the common case needs.
    for value in inputs:
        if value is not None and value.__class__ is not DeviceArray:
            if npu_tensors.is_npu_tensor(value):
                return npu_tensors.run(signature, inputs, integers, names, real, stream, out)
            if host_operands.are_host_operands(signature, inputs):
                number = Device.current().id if device is None else device
                line = timeline_for(stream, number)
                return host_operands.run(signature, inputs, integers, names, real, line, out)
            break
    if inputs[0] is None:
        raise TypeError(f"{signature.inputs[0].name} is None: want an array")
    number = inputs[0].layout.device if device is None else device
    call = call_for(signature, inputs, integers, names, real, number)
    line = timeline_for(stream, number)
    outputs = call.new_outputs(line) if out is None else _given(signature, call, out, line)
    call.run([*inputs, *outputs], line)
    return outputs


def _given(
    signature: Signature, call: OperatorCall, out: Sequence[Any], line: Timeline
) -> list[DeviceArray]:
    """Check ``out``, and put new arrays where it has None."""
    if all(array is None for array in out):
        return call.new_outputs(line)
    fresh = None
    outputs = []
    for i, (name, layout, array) in enumerate(
        zip(signature.outputs, call.outputs, out, strict=True)
    ):
        if array is None:
            fresh = call.new_outputs(line) if fresh is None else fresh
            outputs.append(fresh[i])
            continue
        if not isinstance(array, DeviceArray):
            raise TypeError(f"out: {name} is a {type(array).__name__}: want a device array or None")
        check_output(name, array.shape, array.dtype, layout)
        if array.layout.device != layout.device or not array.layout.contiguous:
            raise ValueError(f"out: {name} is {array!r}: want it contiguous on {layout.device}")
        outputs.append(array)
    return outputs


def group_place(
    group: Communicator | str, size: int | None, rank: int | None
) -> tuple[str, int, int, int | None]:
    """Return the group's name, size, rank, and its device where that is known."""
    if isinstance(group, str):
        if size is None or rank is None:
            raise TypeError(
                f"ep_world_size is {size} and ep_rank_id {rank}: want both (int) where group_ep "
                "is a name"
            )
        return group, size, rank, None
    name = group_name(group)
    return (
        name,
        group.size if size is None else size,
        group.rank if rank is None else rank,
        group.device.id,
    )


def group_name(group: Communicator | str) -> str:
    """Return the name of a communicator that is open; a name as it is."""
    if isinstance(group, str):
        return group
    if not isinstance(group, Communicator):
        raise TypeError(f"group is a {type(group).__name__}: want a Communicator or its name")
    if group.closed:
        raise ValueError(f"{group!r}: want a communicator that is open")
    return group.name
