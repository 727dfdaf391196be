# SPDX-License-Identifier: Apache-2.0
"""Operators on numpy arrays: copied in, run, waited for, and copied out, on one stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aclnn_moe.array import DeviceArray, new_array
from aclnn_moe.dtypes import dtype_of
from aclnn_moe.layout import MOST_DIMS, Layout
from aclnn_moe.operator_call import Names, call_for
from aclnn_moe.signatures import DISPATCH, Signature
from aclnn_moe.timeline import Timeline
from aclnn_moe.transfers import copy_to_device, copy_to_host

HostArray = npt.NDArray[Any]

# Per output of dispatch: elements that mean something per received row (expand_x counts rows).
# expand_scales is reserved on an Atlas A3: nothing is written there.
_PER_ROW = {"expand_x": 1, "dynamic_scales": 1, "expand_idx": 3, "expand_scales": 0}


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
    results = _results(signature, call.outputs, out)
    outputs = call.new_outputs(line)
    named = dict(zip((given.name for given in signature.inputs), inputs, strict=True))
    masked = signature is not DISPATCH and named["x_active_mask"] is not None
    if masked:
        for array, result in zip(outputs, results, strict=True):
            copy_to_device(array, result, line)
    call.run([*operands, *outputs], line)
    if signature is DISPATCH:
        _copy_rows_out(signature, outputs, results, line)
    else:
        for array, result in zip(outputs, results, strict=True):
            _copy_out(array, result, line)
    line.synchronize()
    return results


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
    signature: Signature, outputs: list[DeviceArray], results: list[HostArray], line: Timeline
) -> None:
    """Copy the counts, and of the rest only what belongs to rows that were received."""
    by_name = dict(zip(signature.outputs, zip(outputs, results, strict=True), strict=True))
    for name in ("ep_recv_counts", "tp_recv_counts", "expert_token_nums"):
        _copy_out(*by_name[name], line)
    line.synchronize()
    own = by_name["ep_recv_counts"][1]
    pair = by_name["tp_recv_counts"][1]
    # Within a TP pair both ranks' rows are there; alone, the running total ends with their number.
    rows = int(pair.sum()) if pair.size == 2 else int(own[-1])
    for name, per_row in _PER_ROW.items():
        array, result = by_name[name]
        if name == "dynamic_scales" and by_name["expand_x"][1].dtype != np.int8:
            used = 0  # Written only where rows are quantised.
        else:
            used = min(rows * per_row, len(result))
        result[used:] = 0
        _copy_out(array, result[:used], line)
