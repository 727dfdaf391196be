# SPDX-License-Identifier: Apache-2.0
"""Operators on arrays in CPU memory: run on one stream, and waited for.

Where device memory is CPU memory too, arrays are used where they are, and results are written
where the caller gets them. Elsewhere, and where a range cannot be lent, arrays are copied in and
out. Results are never device memory, so that they can be copied to devices like any other array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from aclnn_moe import dlpack, host_array, memory
from aclnn_moe.array import DeviceArray, new_array
from aclnn_moe.array_library import described
from aclnn_moe.dlpack import Tensor
from aclnn_moe.layout import Layout, layout_of
from aclnn_moe.lent_memory import LentMemory, lend
from aclnn_moe.operator_call import Names, call_for, check_output
from aclnn_moe.runtime import Device, on_device
from aclnn_moe.signatures import COMBINE, DISPATCH, DISPATCH_V2, Signature
from aclnn_moe.timeline import Timeline
from aclnn_moe.transfers import copy_to_device, copy_to_host

HostArray = npt.NDArray[Any]

_CPU = (dlpack.CPU, 0)

# Elements of V2's expand_idx that mean something, per row received: source rank, token, choice.
_IDX_WORDS = 3


class _Received(NamedTuple):
    """What dispatch wrote on this rank."""

    rows: int  # with TP, of both ranks of the pair
    own_rows: int
    local_experts: int
    counts: int  # elements of ep_recv_counts


class _Output:
    """One output: the array that the operator writes, and where its values go in the end.

    Attributes
    ----------
    array : DeviceArray
        What the operator writes.
    host : numpy array
        What the caller gets: the same memory, or a copy.
    in_place : bool
        Which of the two.
    given : bool
        Whether ``host`` is the caller's, from ``out``.
    """

    __slots__ = ("array", "given", "host", "in_place")

    def __init__(self, array: DeviceArray, host: HostArray, *, in_place: bool, given: bool) -> None:
        self.array = array
        self.host = host
        self.in_place = in_place
        self.given = given

    def fetch(self, line: Timeline) -> None:
        """Queue the copy of all that was written, where it is not there already."""
        self.fetch_entries(len(self.host), line)

    def fetch_entries(self, count: int, line: Timeline) -> None:
        """Queue the copy of the first entries, and make the others zero."""
        _clear(self.host[count:])
        part = self.host[:count]
        if part.size and not self.in_place:
            copy_to_host(part, self.array, line)


class _Operands:
    """The arrays of one call as the device sees them, and the memory lent to it for that."""

    def __init__(self, line: Timeline) -> None:
        self._line = line
        self._in_place = dlpack.device_is_cpu()
        self._loans: list[LentMemory] = []
        self._read: list[tuple[int, int]] = []

    def of_input(self, tensor: Tensor | None) -> DeviceArray | None:
        """Return an operand for a tensor in CPU memory: the tensor itself where that can be."""
        if tensor is None:
            return None
        array = self._lent(tensor, ())
        if array is None:
            array = new_array(tensor.shape, tensor.dtype, self._line.device, self._line)
            if array.size:
                copy_to_device(array, dlpack.as_numpy(tensor), self._line)
        return array

    def of_output(self, layout: Layout, given: HostArray | None) -> _Output:
        """Return an operand for an output that goes to ``given``, or to a new array."""
        host = host_array.empty(layout.shape, layout.dtype.numpy) if given is None else given
        address = int(host.__array_interface__["data"][0])
        target = Tensor(_CPU, address, layout.dtype, layout.shape, layout.strides, host)
        array = self._lent(target, () if given is None else self._read)
        if array is not None:
            return _Output(array, host, in_place=True, given=given is not None)
        array = new_array(layout.shape, layout.dtype, layout.device, self._line)
        return _Output(array, host, in_place=False, given=given is not None)

    def end(self, mark: int | None) -> None:
        """End the loans once the work up to ``mark`` is done; None: none was queued."""
        if mark is None or mark <= self._line.completed:
            for loan in self._loans:
                loan.give_back()
        else:
            # Interrupted: the operator may still be at work.
            self._line.retain(tuple(self._loans))

    def _lent(self, tensor: Tensor, apart: Sequence[tuple[int, int]]) -> DeviceArray | None:
        """Return the tensor as an operand; None where it is copied, as when it meets ``apart``."""
        layout = layout_of(tensor.dtype, tensor.shape, tensor.strides, self._line.device)
        nbytes = layout.span * tensor.dtype.itemsize
        if not self._in_place or not nbytes:
            return None
        begin, end = tensor.address, tensor.address + nbytes
        if any(begin < to and start < end for start, to in apart):
            return None
        loan = lend(begin, nbytes, tensor.owner)
        if loan is None:
            return None
        self._loans.append(loan)
        self._read.append((begin, end))
        return DeviceArray(memory.borrow(begin, nbytes, Device(layout.device)), 0, layout)


def are_host_operands(signature: Signature, inputs: Sequence[Any]) -> bool:
    """Tell whether the arrays are in CPU memory (True) or device arrays (False).

    Raises
    ------
    TypeError
        They are mixed, or something else.
    """
    kinds: dict[bool, tuple[str, Any]] = {}
    for given, value in zip(signature.inputs, inputs, strict=True):
        if value is None:
            continue
        on_host = not isinstance(value, DeviceArray)
        if on_host and not host_array.is_host_array(value):
            raise TypeError(
                f"{given.name} is {described(value)}: want a numpy array or a device "
                "array, or one with __dlpack__ or __array_interface__"
            )
        kinds.setdefault(on_host, (given.name, value))
    if len(kinds) == 2:
        name, value = kinds[True]
        raise TypeError(
            f"{name} is {described(value)}, but {kinds[False][0]} is a device array: "
            "want all arrays of one kind; aclnn_moe.asarray(x, device) makes a device array"
        )
    return True in kinds


def run(
    signature: Signature,
    inputs: Sequence[Any],
    integers: Sequence[int],
    names: Names,
    real: float,
    line: Timeline,
    out: Sequence[Any] | None,
) -> list[Any]:
    """Run an operator on arrays in CPU memory; returns when the results are there.

    Results are arrays of the library that made the first input. Elements of dispatch's outputs
    beyond the received rows are zero, and so are rows of combine's that the operator leaves alone
    (with ``out``: those keep what they had).
    """
    give = host_array.results_like(next((x for x in inputs if x is not None), None))
    tensors = [
        None if value is None else host_array.read(given.name, value)
        for given, value in zip(signature.inputs, inputs, strict=True)
    ]
    arguments = signature.arguments(tensors, integers)
    operands = _Operands(line)
    mark = None
    try:
        with on_device(line.device):
            arrays = [operands.of_input(tensor) for tensor in tensors]
            call = call_for(signature, arrays, integers, names, real, line.device)
            targets = _targets(signature, call.outputs, out)
            outputs = {
                name: operands.of_output(layout, target)
                for name, layout, target in zip(
                    signature.outputs, call.outputs, targets, strict=True
                )
            }
            if arguments["x_active_mask"] is not None and signature is not DISPATCH_V2:
                _prepare_untouched(signature, outputs, line)
            mark = line.mark()
            try:
                call.run([*arrays, *(output.array for output in outputs.values())], line)
            except Exception:
                mark = None  # C has refused the call.
                raise
            if signature is COMBINE:
                for output in outputs.values():
                    output.fetch(line)
            else:
                _fetch_rows(signature, arguments, outputs, line)
            line.synchronize()
    finally:
        operands.end(mark)
    given = out if out is not None else (None,) * len(outputs)
    return [
        give(output.host) if value is None else value
        for output, value in zip(outputs.values(), given, strict=True)
    ]


def _prepare_untouched(signature: Signature, outputs: dict[str, _Output], line: Timeline) -> None:
    """Give what a masked operator leaves alone the value that the caller is to find there."""
    left = [outputs["expand_idx"]] if signature is DISPATCH else list(outputs.values())
    for output in left:
        if signature is DISPATCH or not output.given:
            _clear(output.host)
        if output.host.size and not output.in_place:
            copy_to_device(output.array, output.host, line)


def _clear(array: HostArray) -> None:
    """Fill a contiguous array with zeros."""
    if array.size:
        # As bytes: numpy fills those at once, elements of bf16 one by one.
        array.view(np.uint8).fill(0)


def _targets(
    signature: Signature, layouts: Sequence[Layout], out: Sequence[Any] | None
) -> list[HostArray | None]:
    """Check ``out``, and return numpy's views of what it holds."""
    if out is None:
        return [None] * len(layouts)
    targets = []
    for name, layout, value in zip(signature.outputs, layouts, out, strict=True):
        view = None if value is None else host_array.writable(name, value)
        if view is not None:
            check_output(name, view.shape, view.dtype, layout)
        targets.append(view)
    return targets


def _fetch_rows(
    signature: Signature, arguments: dict[str, Any], outputs: dict[str, _Output], line: Timeline
) -> None:
    """Bring the counts, and of the rest only what belongs to rows that were received."""
    for name in ("ep_recv_counts", "tp_recv_counts", "expert_token_nums"):
        outputs[name].fetch(line)
    line.synchronize()
    results = {name: output.host for name, output in outputs.items()}
    received = _received(arguments, results)
    quantised = results["expand_x"].dtype == np.int8
    used = {
        "expand_x": received.rows,
        "dynamic_scales": received.rows if quantised else 0,
        "expand_idx": results["expand_idx"].size
        if signature is DISPATCH
        else received.own_rows * _IDX_WORDS,
        # Reserved on an Atlas A3: nothing is written there.
        "expand_scales": 0,
    }
    for name, count in used.items():
        outputs[name].fetch_entries(count, line)
    results["ep_recv_counts"][received.counts :] = 0
    results["expert_token_nums"][received.local_experts :] = 0


def _received(arguments: dict[str, Any], results: dict[str, HostArray]) -> _Received:
    """Read from the counts what this rank has; they are where dispatch says, or it has failed."""
    counts, pair = results["ep_recv_counts"], results["tp_recv_counts"]
    local = len(results["expert_token_nums"])
    if pair.size == 2:
        return _Received(int(pair.sum()), int(pair[arguments["tp_rank_id"]]), local, counts.size)
    blocks = counts.size
    given = arguments.get("elastic_info")
    elastic = None if given is None else dlpack.as_numpy(given)
    if elastic is not None and elastic[0] == 1:
        # The group is as large as its ranks left, and this rank may be of the other kind now.
        ranks, shared_ranks, experts = map(int, elastic[1:4])
        is_shared = elastic[4 + arguments["ep_rank_id"]] < shared_ranks
        local = 1 if is_shared else experts // (ranks - shared_ranks)
        blocks = local * ranks
    rows = int(counts[blocks - 1])
    return _Received(rows, rows, local, blocks)
