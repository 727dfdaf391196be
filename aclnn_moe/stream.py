# SPDX-License-Identifier: Apache-2.0
"""Streams: work is done in the order it was queued, asynchronously to the caller."""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

from aclnn_moe import _ffi, timeline
from aclnn_moe.errors import AclError
from aclnn_moe.event import Event
from aclnn_moe.runtime import Device, as_device, on_device


class Stream:
    """A queue of work on one device.

    Parameters
    ----------
    device
        A Device or its number; the calling thread's by default.

    Notes
    -----
    Leaving a ``with`` block waits for the queued work, and raises what failed in it unless that has
    been raised before.
    """

    __slots__ = ("__weakref__", "_device", "_owned", "_timeline")

    def __init__(self, device: Device | int | None = None) -> None:
        self._timeline: timeline.Timeline | None = None
        self._owned = True
        self._device = as_device(device)
        handle = _ffi.ffi.new("void**")
        with on_device(self._device.id):
            # CANN recommends both flags for streams that operators are launched on.
            flags = _ffi.lib.ACL_STREAM_FAST_LAUNCH | _ffi.lib.ACL_STREAM_FAST_SYNC
            _ffi.check(
                _ffi.lib.aclrtCreateStreamWithConfig(handle, 0, flags),
                "aclrtCreateStreamWithConfig",
            )
        address = int(_ffi.ffi.cast("uintptr_t", handle[0]))
        self._timeline = timeline.timeline_of(self._device.id, address)

    @classmethod
    def from_handle(cls, handle: int, device: Device | int | None = None) -> Stream:
        """Return a stream over a raw ``aclrtStream``, which stays its creator's to destroy.

        Parameters
        ----------
        handle
            The pointer as an integer, such as ``torch_npu.npu.current_stream().npu_stream``;
            0 is the default stream of CANN, which work goes to only where a caller says so.
        device
            The stream's device; the calling thread's by default.
        """
        if isinstance(handle, bool) or not isinstance(handle, int):
            raise TypeError(f"handle is {handle!r}: want an aclrtStream as an int")
        self = cls.__new__(cls)
        self._owned = False
        self._device = as_device(device)
        self._timeline = timeline.timeline_of(self._device.id, handle)
        return self

    @property
    def device(self) -> Device:
        """The device the stream works on."""
        return self._device

    @property
    def handle(self) -> int:
        """The ``aclrtStream`` as an integer; 0 for a default stream."""
        return self._open().handle

    def synchronize(self, timeout: float | None = None) -> None:
        """Wait until all work queued so far is done.

        Parameters
        ----------
        timeout
            Seconds; no limit by default. Collective work ends by itself within its
            communicator's timeout.

        Raises
        ------
        AclTimeoutError
            The work is not done after ``timeout`` seconds; it goes on.
        AclError
            Work on the stream failed; every later call gives the same failure.
        ValueError
            ``timeout`` is negative, or the stream is closed.
        """
        self._open().synchronize(timeout)

    def query(self) -> bool:
        """Tell whether all queued work is done; does not wait."""
        return self._open().is_idle()

    def wait(self, event: Event) -> None:
        """Let work queued from now on wait, on the device, for ``event``; does not block."""
        line = self._open()
        with on_device(self._device.id):
            _ffi.check(
                _ffi.lib.aclrtStreamWaitEvent(line.cdata, event.cdata), "aclrtStreamWaitEvent"
            )
        line.retain((event,))

    def record(self, event: Event | None = None) -> Event:
        """Record ``event`` (a new one by default) after the work queued so far, and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def retain(self, *objects: object) -> None:
        """Keep ``objects`` alive until the work queued so far is done.

        They are let go when the stream is waited for or found idle. Device arrays need no
        retaining: operators and copies do it for their own arguments.
        """
        self._open().retain(objects)

    def close(self) -> None:
        """Wait for the queued work, and destroy the stream; a failure of the work is not raised.

        A stream made from a raw handle is let go of, and stays as it is.
        """
        line, self._timeline = self._timeline, None
        if line is None or not self._owned:
            return
        # A failure of the work is the stream's: synchronize raises it, close must not.
        with contextlib.suppress(AclError):
            line.synchronize()
        with on_device(self._device.id):
            status = _ffi.lib.aclrtDestroyStream(line.cdata)
            timeline.forget(line)
            _ffi.check(status, "aclrtDestroyStream")

    def _open(self) -> timeline.Timeline:
        if self._timeline is None:
            raise ValueError("the stream is closed")
        return self._timeline

    def __enter__(self) -> Stream:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            line = self._timeline
            if kind is None and line is not None and not line.failed:
                line.synchronize()
        finally:
            self.close()

    def __del__(self) -> None:
        if self._owned and self._timeline is not None and not sys.is_finalizing():
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2)
            try:
                self.close()
            except (RuntimeError, OSError) as error:
                warnings.warn(f"closing a stream: {error}", ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        if self._timeline is None:
            return f"<Stream of {self._device!r}, closed>"
        return f"<Stream {self._timeline.handle:#x} of {self._device!r}>"


def timeline_for(stream: Stream | int | None, device: int) -> timeline.Timeline:
    """Return the timeline of what a caller gave as ``stream``, for work on ``device``.

    Raises
    ------
    TypeError
        ``stream`` is neither a Stream, nor a raw handle, nor None.
    ValueError
        The stream is closed, or works on another device.
    """
    if stream is None:
        return default_stream(device)._open()
    if isinstance(stream, Stream):
        line = stream._open()
        if line.device != device:
            raise ValueError(f"stream is of device {line.device}, the work of device {device}")
        return line
    if isinstance(stream, int) and not isinstance(stream, bool):
        return timeline.timeline_of(device, stream)
    kind: Any = type(stream).__name__
    raise TypeError(f"stream is a {kind}: want a Stream, a raw aclrtStream (int) or None")


_lock = threading.Lock()
_defaults: dict[int, Stream] = {}


def default_stream(device: int) -> Stream:
    """Return the stream that work on ``device`` goes to where none is named.

    A stream keeps its failure. So once the failure has been raised, a new one takes its place: a
    call that failed leaves the next one working.
    """
    stream = _defaults.get(device)
    if stream is not None and not stream._open().failed:
        return stream
    with _lock:
        if _defaults.get(device) is stream:
            _defaults[device] = Stream(device)
            if stream is not None:
                stream.close()
    return default_stream(device)


@atexit.register
def _close_defaults() -> None:
    """Close the default streams that have nothing left to do; the exit must not wait for others."""
    for stream in _defaults.values():
        line = stream._open()
        with contextlib.suppress(AclError):
            if line.failed or line.is_idle():
                stream.close()
        stream._owned = False
    _defaults.clear()
