# SPDX-License-Identifier: Apache-2.0
"""The process's CANN runtime: devices, streams and events."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from aclnn_moe import _ffi

if TYPE_CHECKING:
    from aclnn_moe.stream import Stream

# ACL_ERROR_REPEAT_INITIALIZE: somebody else in this process, such as torch_npu, was first.
_REPEAT_INITIALIZE = 100002


class _Process:
    """Whether this process has started its runtime."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ready = False
        self.forked = False


_process = _Process()


def init() -> None:
    """Load the libraries and start the runtime; done by itself at the first call that needs it.

    Any thread may call it, any number of times.

    Raises
    ------
    LibraryNotFoundError
        Neither CANN nor the host device was found.
    RuntimeError
        This process was forked from one that had already started its runtime.
    """
    if _process.ready:
        return
    if _process.forked:
        raise RuntimeError(
            "this process was forked after its parent had started the CANN runtime, whose threads "
            "do not survive a fork; start processes with aclnn_moe.launch or with the "
            "multiprocessing start method 'spawn'"
        )
    with _process.lock:
        if not _process.ready:
            _ffi.load()
            status = _ffi.lib.aclInit(_ffi.ffi.NULL)
            if status != _REPEAT_INITIALIZE:
                _ffi.check(status, "aclInit")
            _process.ready = True


def _after_fork() -> None:
    _process.lock = threading.Lock()
    _process.forked = _process.forked or _process.ready
    _process.ready = False


os.register_at_fork(after_in_child=_after_fork)


class MemoryInfo(NamedTuple):
    """Bytes of a device's memory."""

    free: int
    total: int


class Device:
    """A device by its number; two with the same number are equal.

    Parameters
    ----------
    id
        From 0 to ``Device.count() - 1``; checked when the device is first used.
    """

    __slots__ = ("_id",)

    def __init__(self, id: int) -> None:
        if isinstance(id, bool) or not isinstance(id, int):
            raise TypeError(f"id is {id!r}: want the number of a device (int)")
        if id < 0:
            raise ValueError(f"id is {id}: want 0 or more")
        self._id = id

    @property
    def id(self) -> int:
        """Number of the device."""
        return self._id

    @staticmethod
    def count() -> int:
        """Return how many devices this process can use."""
        init()
        number = _ffi.ffi.new("uint32_t*")
        _ffi.check(_ffi.lib.aclrtGetDeviceCount(number), "aclrtGetDeviceCount")
        return int(number[0])

    @staticmethod
    def current() -> Device:
        """Return the calling thread's device: 0 where it has chosen none."""
        init()
        return Device(max(0, _ffi.lib.aclnn_moe_current_device()))

    def use(self) -> None:
        """Make this the calling thread's device."""
        init()
        _ffi.check(_ffi.lib.aclrtSetDevice(self._id), "aclrtSetDevice")

    @property
    def soc_name(self) -> str:
        """The chip's name, such as 'Ascend910_9391'."""
        with on_device(self._id):
            name = _ffi.lib.aclrtGetSocName()
        return "" if name == _ffi.ffi.NULL else _ffi.ffi.string(name).decode()

    @property
    def default_stream(self) -> Stream:
        """The stream that is used where none is named; a new one after a failure was raised."""
        from aclnn_moe.stream import default_stream

        return default_stream(self.id)

    def memory_info(self) -> MemoryInfo:
        """Return the bytes that are free and the bytes that there are."""
        free, total = _ffi.ffi.new("size_t*"), _ffi.ffi.new("size_t*")
        with on_device(self._id):
            status = _ffi.lib.aclrtGetMemInfo(_ffi.lib.ACL_HBM_MEM, free, total)
            _ffi.check(status, "aclrtGetMemInfo")
        return MemoryInfo(int(free[0]), int(total[0]))

    def synchronize(self, timeout: float | None = None) -> None:
        """Wait until all that was queued on the device is done.

        Parameters
        ----------
        timeout
            Seconds; no limit by default.

        Raises
        ------
        AclTimeoutError
            The work is not done after ``timeout`` seconds.
        AclError
            Work on the device failed.
        """
        from aclnn_moe import timeline

        reached = timeline.device_marks(self._id)
        with on_device(self._id):
            lib = _ffi.lib
            timeline.wait(
                lib.aclrtSynchronizeDeviceWithTimeout, (), timeout, "aclrtSynchronizeDevice"
            )
        for line, mark in reached:
            line.complete(mark)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other._id == self._id

    def __hash__(self) -> int:
        return hash((Device, self._id))

    def __repr__(self) -> str:
        return f"Device({self._id})"


def as_device(device: Device | int | None) -> Device:
    """Return ``device`` as a Device: a number's, or for None the calling thread's."""
    if isinstance(device, Device):
        return device
    return Device.current() if device is None else Device(device)


class on_device:
    """Make a device the calling thread's inside a ``with`` block, and go back after it."""

    __slots__ = ("_id", "_previous")

    def __init__(self, id: int) -> None:
        self._id = id

    def __enter__(self) -> None:
        init()
        self._previous: Any = _ffi.ffi.new("int32_t*")
        _ffi.check(_ffi.lib.aclnn_moe_enter_device(self._id, self._previous), "aclrtSetDevice")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = _ffi.lib.aclnn_moe_leave_device(self._id, self._previous[0])
        if kind is None:
            _ffi.check(status, "aclrtSetDevice")
