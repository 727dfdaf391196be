# SPDX-License-Identifier: Apache-2.0
"""Operator calls: descriptors prepared once, run often, each with one call of C.

A call is cached by all that its descriptors are made from: layouts, attributes, group names and
device. What changes from call to call are addresses and the stream.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from aclnn_moe import _ffi, memory
from aclnn_moe.array import DeviceArray
from aclnn_moe.errors import SymbolNotFoundError
from aclnn_moe.layout import Layout, layout_of
from aclnn_moe.runtime import init
from aclnn_moe.signatures import Function, Signature, check_fits, check_inputs
from aclnn_moe.timeline import Timeline

if TYPE_CHECKING:
    from aclnn_moe._ffi.loader import Operator

# Prepared calls kept; a model has a few per batch size.
_MOST_CALLS = 256

Names = tuple[str, str, str]


class OperatorCall:
    """One operator with fixed layouts and attributes on one device.

    Attributes
    ----------
    outputs : tuple of Layout
        What it writes.
    """

    __slots__ = (
        "_addresses",
        "_call",
        "_count",
        "_lock",
        "_name",
        "_names",
        "_pool",
        "device",
        "last_used",
        "outputs",
    )

    def __init__(
        self,
        function: Function,
        found: Operator,
        inputs: Sequence[Layout | None],
        outputs: Sequence[Layout],
        integers: Sequence[int],
        names: Names,
        real: float,
        device: int,
    ) -> None:
        self._call: Any = None
        ffi, lib = _ffi.ffi, _ffi.lib
        self._lock = threading.Lock()
        self._name = function.name
        self._count = len(inputs) + len(outputs)
        self._pool = memory.pool_of(device)
        self.device = device
        self.last_used = 0
        self.outputs = tuple(outputs)
        self._names = [
            ffi.new("char[]", name.encode())
            for name in (*names, f"{function.name}GetWorkspaceSize", function.name)
        ]
        call = ffi.new("aclnn_moe_call*")
        call.op = getattr(lib, function.number)
        call.device = device
        call.getWorkspaceSize = found.get_workspace_size
        call.launch = found.launch
        call.getWorkspaceSizeName, call.launchName = self._names[-2:]
        call.tensorCount = self._count
        for tensor, layout in zip(call.tensors, (*inputs, *outputs), strict=False):
            if layout is not None:
                _describe(tensor, layout)
        call.ints[0 : len(integers)] = list(integers)
        for i, _ in enumerate(names):
            call.names[i] = self._names[i]
        call.real = real
        self._addresses = call.addresses
        self._call = call

    def new_outputs(self, line: Timeline) -> list[DeviceArray]:
        """Return outputs that are not initialised, to be written on ``line``."""
        allocate = self._pool.allocate
        return [DeviceArray(allocate(view.nbytes, line), 0, view) for view in self.outputs]

    def run(self, arrays: Sequence[DeviceArray | None], line: Timeline) -> None:
        """Queue the operator on a stream of its device; ``arrays`` are its inputs, then outputs.

        Raises
        ------
        ValueError
            An array's buffer is closed.
        AclError
            C refuses the call; nothing is queued then.
        """
        try:
            addresses = [0 if a is None else a.buffer.address + a.offset for a in arrays]
        except TypeError:
            raise ValueError("an array's buffer is closed") from None
        self.launch(addresses, line)
        mark = line.mark()
        for a in arrays:
            if a is not None:
                a.buffer.uses[line] = mark

    def launch(self, addresses: Sequence[int], line: Timeline) -> None:
        """Queue the operator on tensors at these addresses, which somebody else keeps alive.

        Raises
        ------
        AclError
            C refuses the call; nothing is queued then.
        """
        call = self._call
        with self._lock:
            self._addresses[0 : self._count] = addresses
            space = line.workspace
            status = (
                _ffi.lib.aclnn_moe_run(call, 0, 0, line.handle)
                if space is None
                else _ffi.lib.aclnn_moe_run(call, space.address, space.nbytes, line.handle)
            )
            if status:
                self._resume(status, line)

    def _resume(self, status: int, line: Timeline) -> None:
        """Launch with a larger workspace, or raise what went wrong."""
        call, lib = self._call, _ffi.lib
        if status == lib.ACLNN_MOE_NEEDS_WORKSPACE:
            try:
                space = memory.workspace(line, int(call.workspaceSize))
            except BaseException:
                lib.aclnn_moe_abandon(call)
                raise
            status = lib.aclnn_moe_launch(call, space.address, line.handle)
        if status:
            from aclnn_moe._ffi.status import raise_status

            function = _ffi.ffi.string(call.failedFunction).decode()
            text = _ffi.ffi.string(call.text).decode("utf-8", "replace").strip()
            raise_status(status, function, text)

    def __del__(self) -> None:
        if self._call is not None and not sys.is_finalizing():
            _ffi.lib.aclnn_moe_destroy_tensors(self._call)

    def __repr__(self) -> str:
        return f"<OperatorCall of {self._name} on device {self.device}>"


def _describe(tensor: Any, layout: Layout) -> None:  # noqa: ANN401 - a cdata struct
    tensor.present = 1
    tensor.dtype = layout.dtype.acl
    tensor.dimCount = len(layout.shape)
    tensor.dims[0 : len(layout.shape)] = list(layout.shape)
    tensor.strides[0 : len(layout.strides)] = list(layout.strides)
    tensor.storageElements = layout.span


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


_calls: dict[Any, OperatorCall] = {}
_calls_lock = threading.Lock()
_clock = itertools.count(1)


class Described(Protocol):
    """What has a layout: a device array, or a tensor of another library."""

    @property
    def layout(self) -> Layout:
        """Shape, strides, dtype and device."""


def call_for(
    signature: Signature,
    inputs: Sequence[Described | None],
    integers: Sequence[int],
    names: Names,
    real: float,
    device: int,
) -> OperatorCall:
    """Return the prepared call, from the cache where it is there.

    Raises
    ------
    TypeError, ValueError
        Arguments that cannot be described to C, or that contradict one another.
    NotImplementedError
        The libraries have only an older function, with no place for an argument that was given.
    SymbolNotFoundError
        No library has the operator.
    """
    layouts = tuple([None if a is None else a.layout for a in inputs])
    try:
        key = (signature.name, layouts, tuple(map(index, integers)), names, real, device)
    except TypeError:
        _name_wrong_integer(signature, integers)
        raise
    call = _calls.get(key)
    if call is None:
        call = _prepare(signature, layouts, key[2], names, real, device)
        with _calls_lock:
            if len(_calls) >= _MOST_CALLS:
                oldest = min(_calls, key=lambda k: _calls[k].last_used)
                del _calls[oldest]
            _calls[key] = call
    call.last_used = next(_clock)
    return call


def _prepare(
    signature: Signature,
    layouts: tuple[Layout | None, ...],
    integers: tuple[int, ...],
    names: Names,
    real: float,
    device: int,
) -> OperatorCall:
    for name, value in zip(signature.integers, integers, strict=True):
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"{name} is {value}: want a number of 64 bits")
    for name, text in zip(("group_ep", "group_tp", "comm_alg"), names, strict=True):
        if not isinstance(text, str):
            raise TypeError(f"{name} is a {type(text).__name__}: want a name (str)")
        if "\0" in text:
            raise ValueError(f"{name} is {text!r}: want a name without zero bytes")
    if isinstance(real, bool) or not isinstance(real, (int, float)):
        raise TypeError(f"norm_eps is {real!r}: want a float")
    check_inputs(signature, layouts, device)
    arguments = signature.arguments(layouts, integers)
    outputs = [
        layout_of(dtype, shape, None, device)
        for shape, dtype in signature.plan(arguments, arguments)
    ]
    init()
    function, found = _find(signature)
    check_fits(signature, function, arguments)
    return OperatorCall(function, found, layouts, outputs, integers, names, real, device)


def _find(signature: Signature) -> tuple[Function, Operator]:
    """Find the newest function that any library has, as torch_npu does."""
    for function in signature.functions[:-1]:
        try:
            return function, _ffi.find_operator(function.name)
        except SymbolNotFoundError:
            continue
    function = signature.functions[-1]
    return function, _ffi.find_operator(function.name)


def _name_wrong_integer(signature: Signature, integers: Sequence[Any]) -> None:
    for name, value in zip(signature.integers, integers, strict=True):
        if not hasattr(value, "__index__"):
            raise TypeError(f"{name} is {value!r}: want an int")
