# SPDX-License-Identifier: Apache-2.0
"""torch_npu's tensors in the operators: used where they are, results as NPU tensors.

Order. torch_npu keeps calls in a queue of its own before they reach the stream. Asking its stream
for the handle empties that queue, so that the operator comes after everything that torch was told
before; what torch is told later comes after the operator by itself. Where a caller names another
stream, that one waits for an event on torch's.

Lifetime. torch's allocator gives memory away again in the order of the stream that it belongs to,
so on torch's current stream nothing has to be kept alive. On another one the tensors are, until
the work is done.

Neither torch nor torch_npu is imported here: whoever has such a tensor has loaded both.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from aclnn_moe import memory
from aclnn_moe.array import DeviceArray
from aclnn_moe.array_library import described, refuse_gradients
from aclnn_moe.dtypes import DType, dtype_of
from aclnn_moe.layout import MOST_DIMS, Layout, layout_of
from aclnn_moe.operator_call import Names, OperatorCall, call_for, check_output
from aclnn_moe.runtime import Device
from aclnn_moe.signatures import Signature
from aclnn_moe.stream import Stream, timeline_for
from aclnn_moe.timeline import Timeline

# torch_npu's numbers of the formats in which the elements lie as strides say.
_PLAIN_FORMATS = (0, 1, 2, 30)  # NCHW, NHWC, ND, NCDHW
_ND = 2


class _Operand(NamedTuple):
    """A tensor as the operator sees it."""

    layout: Layout
    address: int


def is_npu_tensor(value: object) -> bool:
    """Tell whether ``value`` is a tensor in the memory of an NPU, as torch_npu makes them."""
    return getattr(getattr(value, "device", None), "type", None) == "npu" and hasattr(
        value, "data_ptr"
    )


def run(
    signature: Signature,
    inputs: Sequence[Any],
    integers: Sequence[int],
    names: Names,
    real: float,
    stream: Any,  # noqa: ANN401 - ours, torch_npu's, a handle or None
    out: Sequence[Any] | None,
) -> list[Any]:
    """Queue an operator on NPU tensors; returns at once.

    Parameters
    ----------
    stream
        A stream of this package or of torch_npu, a raw ``aclrtStream``, or None for torch's
        current stream of the tensors' device.

    Raises
    ------
    TypeError
        Not all arrays are NPU tensors, or one has a dtype that the operator does not take.
    ValueError
        The tensors are on different devices, require gradients, or have a private format.
    AclError
        C refuses the call.
    """
    operands = [
        None if value is None else _operand(given.name, value)
        for given, value in zip(signature.inputs, inputs, strict=True)
    ]
    first = next(value for value in inputs if value is not None)
    device: int = first.device.index
    call = call_for(signature, operands, integers, names, real, device)
    outputs = _outputs(signature, call, first, out)
    line, torchs_own = _line(stream, device)
    addresses = [0 if operand is None else operand.address for operand in operands]
    call.launch([*addresses, *(tensor.data_ptr() for tensor in outputs)], line)
    if not torchs_own:
        line.retain((*inputs, *outputs))
    return outputs


def as_array(value: Any, stream: Any) -> DeviceArray:  # noqa: ANN401
    """Return an NPU tensor as a device array over the same memory, which keeps the tensor alive.

    Waits for the work that torch has been told on its current stream; with ``stream``, that stream
    waits instead.

    Raises
    ------
    TypeError, ValueError
        As for an operator's input.
    """
    found = _operand("x", value)
    layout = found.layout
    line, _ = _line(stream, layout.device)
    if stream is None:
        line.synchronize()
    nbytes = layout.span * layout.dtype.itemsize
    buffer = memory.borrow(found.address, nbytes, Device(layout.device), value)
    return DeviceArray(buffer, 0, layout)


def _operand(name: str, value: Any) -> _Operand:  # noqa: ANN401
    if not is_npu_tensor(value):
        raise TypeError(
            f"{name} is {described(value)}, but not on an NPU as other arguments are: want all "
            "arrays of one kind; .npu() puts a torch tensor there"
        )
    refuse_gradients(name, value)
    if value.is_neg():
        raise ValueError(f"{name} is negated lazily: pass it as .resolve_neg() gives it")
    kind = _torch_npu().get_npu_format(value)
    if kind not in _PLAIN_FORMATS:
        raise ValueError(
            f"{name} has the private format {kind}: want ND, as "
            f"torch_npu.npu_format_cast(tensor, {_ND}) gives it"
        )
    if value.dim() > MOST_DIMS:
        raise ValueError(f"{name} has {value.dim()} dimensions: want at most {MOST_DIMS}")
    try:
        dtype = _dtype_of(value.dtype)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    layout = layout_of(dtype, tuple(value.shape), value.stride(), value.device.index)
    return _Operand(layout, value.data_ptr())


def _outputs(
    signature: Signature,
    call: OperatorCall,
    like: Any,  # noqa: ANN401 - a tensor
    out: Sequence[Any] | None,
) -> list[Any]:
    """Return the tensors of ``out``, with new ones of torch's allocator where it has None."""
    given = (None,) * len(call.outputs) if out is None else out
    tensors = []
    for name, layout, tensor in zip(signature.outputs, call.outputs, given, strict=True):
        if tensor is None:
            tensors.append(like.new_empty(layout.shape, dtype=_torch_dtype(layout.dtype)))
            continue
        if not is_npu_tensor(tensor):
            raise TypeError(f"out: {name} is {described(tensor)}: want an NPU tensor or None")
        found = _operand(f"out: {name}", tensor).layout
        check_output(name, found.shape, found.dtype.numpy, layout)
        if found.device != layout.device or not found.contiguous:
            raise ValueError(f"out: {name} is {found!r}: want it contiguous on {layout.device}")
        tensors.append(tensor)
    return tensors


def _line(stream: Any, device: int) -> tuple[Timeline, bool]:  # noqa: ANN401
    """Return the stream to use, ordered after torch's work, and whether it is torch's own."""
    npu = _torch_npu().npu
    current: int = npu.current_stream(device).npu_stream  # empties torch's queue
    handle = getattr(stream, "npu_stream", stream)
    if handle is None or handle == current:
        return timeline_for(current, device), True
    line = timeline_for(handle, device)
    if line.handle == current:
        return line, True
    Stream.from_handle(line.handle, device).wait(Stream.from_handle(current, device).record())
    return line, False


def _torch_npu() -> Any:  # noqa: ANN401 - a module
    return sys.modules["torch_npu"]


_dtypes: dict[Any, DType] = {}


def _dtype_of(kind: Any) -> DType:  # noqa: ANN401 - a torch.dtype
    found = _dtypes.get(kind)
    if found is None:
        found = _dtypes[kind] = dtype_of(str(kind).removeprefix("torch."))
    return found


def _torch_dtype(dtype: DType) -> Any:  # noqa: ANN401 - a torch.dtype
    return getattr(sys.modules["torch"], dtype.name)
