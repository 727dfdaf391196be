# SPDX-License-Identifier: Apache-2.0
"""What is known of a stream's progress, and what its queued work still needs.

Work on a stream is done in the order it was queued. Whoever queues work takes a mark; when the
stream has been waited for, or is found idle, all marks taken before that are reached. Memory is
reused and host objects are let go by these marks, without an event per call.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aclnn_moe import _ffi
from aclnn_moe.errors import AclError, AclTimeoutError
from aclnn_moe.runtime import on_device

if TYPE_CHECKING:
    from aclnn_moe.memory import Buffer

# A wait in C is cut into pieces, so that Ctrl-C is answered.
_PIECE_MS = 1000

# Statuses by which the two waits say that it is not done yet.
_NOT_YET = (507046, 507047)

# After how many retained objects the stream is asked whether it is idle.
_SWEEP = 64


class Timeline:
    """Progress of one stream of one device; the stream may belong to somebody else."""

    __slots__ = (
        "__weakref__",
        "_lock",
        "_marks",
        "_retained",
        "cdata",
        "completed",
        "device",
        "failed",
        "handle",
        "workspace",
    )

    def __init__(self, device: int, handle: int) -> None:
        self.device = device
        self.handle = handle
        self.cdata: Any = _ffi.ffi.cast("void*", handle)
        self.completed = 0
        self.failed = False  # The stream's failure has been raised once.
        self.workspace: Buffer | None = None
        self._marks = itertools.count(1)
        self._retained: deque[tuple[int, Any]] = deque()
        self._lock = threading.Lock()

    def mark(self) -> int:
        """Return a mark for work just queued (or for a wait about to start)."""
        return next(self._marks)

    def complete(self, mark: int) -> None:
        """Take note that all work up to ``mark`` is done."""
        released = []
        with self._lock:
            self.completed = max(self.completed, mark)
            while self._retained and self._retained[0][0] <= mark:
                released.append(self._retained.popleft())
        # Outside the lock: what is released may have a __del__ of its own.
        released.clear()

    def retain(self, objects: tuple[Any, ...]) -> None:
        """Keep ``objects`` alive until the work queued so far is done."""
        with self._lock:
            self._retained.append((self.mark(), objects))
        if len(self._retained) % _SWEEP == 0:
            self.is_idle()

    @property
    def retained(self) -> int:
        """How many times something was retained that is still held."""
        return len(self._retained)

    def is_idle(self) -> bool:
        """Ask the stream whether all its work is done; does not wait."""
        mark = self.mark()
        status = _ffi.ffi.new("int32_t*")
        with on_device(self.device):
            _ffi.check(_ffi.lib.aclrtStreamQuery(self.cdata, status), "aclrtStreamQuery")
        idle = bool(status[0] == _ffi.lib.ACL_STREAM_STATUS_COMPLETE)
        if idle:
            self.complete(mark)
        return idle

    def synchronize(self, timeout: float | None = None) -> None:
        """Wait until all work queued so far is done; see ``Stream.synchronize``."""
        mark = self.mark()
        try:
            with on_device(self.device):
                wait(
                    _ffi.lib.aclrtSynchronizeStreamWithTimeout,
                    (self.cdata,),
                    timeout,
                    "aclrtSynchronizeStream",
                )
        except AclTimeoutError:
            raise
        except AclError:
            # What was queued before the failure has run, what came after it never will.
            self.failed = True
            self.complete(mark)
            raise
        self.complete(mark)


_lock = threading.Lock()
_timelines: dict[tuple[int, int], Timeline] = {}


def timeline_of(device: int, handle: int) -> Timeline:
    """Return the one timeline of a stream, by device and raw handle (0: the default stream)."""
    found = _timelines.get((device, handle))
    if found is None:
        with _lock:
            found = _timelines.setdefault((device, handle), Timeline(device, handle))
    return found


def forget(line: Timeline) -> None:
    """Drop a destroyed stream's timeline: all its work is over, done or not."""
    with _lock:
        if _timelines.get((line.device, line.handle)) is line:
            del _timelines[line.device, line.handle]
    line.workspace = None
    line.complete(line.mark())


def device_marks(device: int) -> list[tuple[Timeline, int]]:
    """Return every timeline of a device with a mark taken now."""
    with _lock:
        return [(line, line.mark()) for line in _timelines.values() if line.device == device]


def wait(
    function: Callable[..., int], arguments: tuple[Any, ...], timeout: float | None, name: str
) -> None:
    """Call a waiting function of C, in pieces, until it is done or ``timeout`` seconds are over.

    Raises
    ------
    ValueError
        ``timeout`` is negative.
    AclError
        What C says; AclTimeoutError when it is not done in time.
    """
    if timeout is not None and timeout < 0:
        raise ValueError(f"timeout is {timeout} s: want 0 or more, or None for no limit")
    start = time.monotonic()
    while True:
        piece = _PIECE_MS
        if timeout is not None:
            left = timeout - (time.monotonic() - start)
            piece = max(1, min(piece, round(left * 1000)))
        began = time.monotonic()
        status = function(*arguments, piece)
        now = time.monotonic()
        # A failed stream may keep giving such a status, but at once and not after the wait.
        waited = (now - began) * 1000 >= piece * 0.5
        late = timeout is not None and now - start >= timeout
        if status not in _NOT_YET or late or not waited:
            _ffi.check(status, name)
            return
