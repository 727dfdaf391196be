# SPDX-License-Identifier: Apache-2.0
"""Operators on numpy arrays: copied in, run, waited for, and copied out, on one stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from aclnn_moe.array import DeviceArray, new_array
from aclnn_moe.dtypes import dtype_of
from aclnn_moe.layout import MOST_DIMS, Layout
from aclnn_moe.operator_call import Names, call_for
from aclnn_moe.signatures import COMBINE, DISPATCH, Signature
from aclnn_moe.timeline import Timeline
from aclnn_moe.transfers import copy_to_device, copy_to_host

HostArray = npt.NDArray[Any]

# Elements of V2's expand_idx that mean something, per row received: source rank, token, choice.
_IDX_WORDS = 3


class _Received(NamedTuple):
    """What dispatch wrote on this rank."""

    rows: int  # with TP, of both ranks of the pair
    own_rows: int
    local_experts: int
    counts: int  # elements of ep_recv_counts


def are_host_operands(signature: Signature, inputs: Sequence[Any]) -> bool:
    """Tell whether the arrays are numpy's (True) or device arrays (False).

    Raises
    ------
    TypeError
        They are mixed, or something else.
    """
    kinds: dict[bool, str] = {}
    for given, value in zip(signature.inputs, inputs, strict=True):
        if value is None:
            continue
        if not isinstance(value, (np.ndarray, DeviceArray)):
            kind = type(value).__name__
            raise TypeError(f"{given.name} is a {kind}: want a numpy array or a device array")
        kinds.setdefault(isinstance(value, np.ndarray), given.name)
    if len(kinds) == 2:
        raise TypeError(
            f"{kinds[True]} is a numpy array, but {kinds[False]} is a device array: want all "
            "arrays of one kind; aclnn_moe.asarray(x, device) makes a device array"
        )
    return True in kinds


def run(
    signature: Signature,
    inputs: Sequence[HostArray | None],
    integers: Sequence[int],
    names: Names,
    real: float,
    line: Timeline,
    out: Sequence[Any] | None,
) -> list[HostArray]:
    """Run an operator on numpy arrays; returns when the results are there.

    Elements of dispatch's outputs beyond the received rows are zero, and so are rows of combine's
    that the operator leaves alone (with ``out``: those keep what they had).
    """
    operands = [
        _copy_in(given.name, array, line)
        for given, array in zip(signature.inputs, inputs, strict=True)
    ]
    call = call_for(signature, operands, integers, names, real, line.device)
    results = dict(zip(signature.outputs, _results(signature, call.outputs, out), strict=True))
    outputs = dict(zip(signature.outputs, call.new_outputs(line), strict=True))
    arguments = signature.arguments(inputs, integers)
    if arguments["x_active_mask"] is not None:
        _prepare_untouched(signature, outputs, results, line)
    call.run([*operands, *outputs.values()], line)
    if signature is COMBINE:
        for name, result in results.items():
            _copy_out(outputs[name], result, line)
    else:
        _copy_rows_out(signature, arguments, outputs, results, line)
    line.synchronize()
    return list(results.values())


def _prepare_untouched(
    signature: Signature,
    outputs: dict[str, DeviceArray],
    results: dict[str, HostArray],
    line: Timeline,
) -> None:
    """Give what a masked operator leaves alone the value that the caller is to find there."""
    if signature is COMBINE:
        for name, result in results.items():
            copy_to_device(outputs[name], result, line)
    elif signature is DISPATCH:
        copy_to_device(outputs["expand_idx"], np.zeros_like(results["expand_idx"]), line)


def _copy_in(name: str, array: HostArray | None, line: Timeline) -> DeviceArray | None:
    if array is None:
        return None
    try:
        dtype = dtype_of(array.dtype)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if array.ndim > MOST_DIMS:
        raise ValueError(f"{name} has {array.ndim} dimensions: want at most {MOST_DIMS}")
    operand = new_array(array.shape, dtype, line.device, line)
    if array.size:
        copy_to_device(operand, array, line)
    return operand


def _results(
    signature: Signature, layouts: Sequence[Layout], out: Sequence[Any] | None
) -> list[HostArray]:
    """Host arrays for the outputs: those of ``out``, or new ones full of zeros."""
    given = out if out is not None else (None,) * len(layouts)
    results = []
    for name, layout, array in zip(signature.outputs, layouts, given, strict=True):
        if array is None:
            results.append(np.zeros(layout.shape, layout.dtype.numpy))
            continue
        if not isinstance(array, np.ndarray):
            raise TypeError(f"out: {name} is a {type(array).__name__}: want a numpy array or None")
        check_output(name, tuple(array.shape), array.dtype, layout)
        if not (array.flags.c_contiguous and array.flags.writeable):
            raise ValueError(f"out: {name} is not contiguous and writeable")
        results.append(array)
    return results


def check_output(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], layout: Layout) -> None:
    """Compare a given output with what the operator writes.

    Raises
    ------
    TypeError
        The dtypes differ.
    ValueError
        The shapes differ.
    """
    if dtype != layout.dtype.numpy:
        raise TypeError(f"out: {name} is {dtype}: want {layout.dtype.name}")
    if shape != layout.shape:
        raise ValueError(f"out: {name} has shape {shape}: want {layout.shape}")


def _copy_out(array: DeviceArray, result: HostArray, line: Timeline) -> None:
    if result.size:
        copy_to_host(result, array, line)


def _copy_rows_out(
    signature: Signature,
    arguments: dict[str, Any],
    outputs: dict[str, DeviceArray],
    results: dict[str, HostArray],
    line: Timeline,
) -> None:
    """Copy the counts, and of the rest only what belongs to rows that were received."""
    for name in ("ep_recv_counts", "tp_recv_counts", "expert_token_nums"):
        _copy_out(outputs[name], results[name], line)
    line.synchronize()
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
        results[name][count:] = 0
        _copy_out(outputs[name], results[name][:count], line)
    results["ep_recv_counts"][received.counts :] = 0
    results["expert_token_nums"][received.local_experts :] = 0


def _received(arguments: dict[str, Any], results: dict[str, HostArray]) -> _Received:
    """Read from the counts what this rank has; they are where dispatch says, or it has failed."""
    counts, pair = results["ep_recv_counts"], results["tp_recv_counts"]
    local = len(results["expert_token_nums"])
    if pair.size == 2:
        return _Received(int(pair.sum()), int(pair[arguments["tp_rank_id"]]), local, counts.size)
    blocks = counts.size
    elastic = arguments.get("elastic_info")
    if elastic is not None and elastic[0] == 1:
        # The group is as large as its ranks left, and this rank may be of the other kind now.
        ranks, shared_ranks, experts = map(int, elastic[1:4])
        is_shared = elastic[4 + arguments["ep_rank_id"]] < shared_ranks
        local = 1 if is_shared else experts // (ranks - shared_ranks)
        blocks = local * ranks
    rows = int(counts[blocks - 1])
    return _Received(rows, rows, local, blocks)
