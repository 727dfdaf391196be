# SPDX-License-Identifier: Apache-2.0
"""Events: a point in a stream's work that others can wait for, and its time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aclnn_moe import _ffi, timeline
from aclnn_moe.errors import AclError, AclTimeoutError
from aclnn_moe.owner import Owner
from aclnn_moe.runtime import Device, as_device, on_device

if TYPE_CHECKING:
    from aclnn_moe.stream import Stream


class Event(Owner):
    """A point in a stream's work.

    Parameters
    ----------
    timing
        Keep the time at which the event was reached, for :meth:`elapsed_ms`.
    """

    __slots__ = ("__weakref__", "_cdata", "_line", "_mark", "_timing")

    def __init__(self, timing: bool = True) -> None:
        self._cdata: Any = None
        self._timing = timing
        self._line: timeline.Timeline | None = None
        self._mark = 0
        event = _ffi.ffi.new("void**")
        flags = _ffi.lib.ACL_EVENT_SYNC | (_ffi.lib.ACL_EVENT_TIME_LINE if timing else 0)
        with on_device(Device.current().id):
            _ffi.check(_ffi.lib.aclrtCreateEventWithFlag(event, flags), "aclrtCreateEventWithFlag")
        self._cdata = event[0]

    @property
    def cdata(self) -> Any:  # noqa: ANN401 - a cdata pointer
        """The ``aclrtEvent``, for calls of C."""
        if self._cdata is None:
            raise ValueError("the event is closed")
        return self._cdata

    @property
    def timing(self) -> bool:
        """Whether the event keeps its time."""
        return self._timing

    def record(self, stream: Stream | int | None = None) -> None:
        """Record the event after the work queued so far on ``stream``; asynchronous.

        Parameters
        ----------
        stream
            A Stream, a raw handle, or None for the default stream of the thread's device.
        """
        from aclnn_moe.stream import Stream, timeline_for

        device = stream.device if isinstance(stream, Stream) else as_device(None)
        line = timeline_for(stream, device.id)
        cdata = self.cdata
        self._mark = line.mark()
        with on_device(line.device):
            _ffi.check(_ffi.lib.aclrtRecordEvent(cdata, line.cdata), "aclrtRecordEvent")
        self._line = line
        line.retain((self,))

    def query(self) -> bool:
        """Tell whether the event has been reached (or was never recorded); does not wait."""
        status = _ffi.ffi.new("int32_t*")
        _ffi.check(_ffi.lib.aclrtQueryEventStatus(self.cdata, status), "aclrtQueryEventStatus")
        return bool(status[0] == _ffi.lib.ACL_EVENT_RECORDED_STATUS_COMPLETE)

    def synchronize(self, timeout: float | None = None) -> None:
        """Wait until the event has been reached.

        Parameters
        ----------
        timeout
            Seconds; no limit by default.

        Raises
        ------
        AclTimeoutError
            It is not reached after ``timeout`` seconds.
        AclError
            Work before it failed.
        """
        cdata, line, mark = self.cdata, self._line, self._mark
        try:
            timeline.wait(
                _ffi.lib.aclrtSynchronizeEventWithTimeout,
                (cdata,),
                timeout,
                "aclrtSynchronizeEvent",
            )
        except AclTimeoutError:
            raise
        except AclError:
            if line is not None:
                line.failed = True
            raise
        if line is not None:
            line.complete(mark)

    def elapsed_ms(self, start: Event) -> float:
        """Return the milliseconds from ``start`` to this event; both must have been reached.

        Raises
        ------
        ValueError
            One of them keeps no time.
        AclError
            One of them has not been recorded, or not been reached.
        """
        if not (self._timing and start._timing):
            raise ValueError("both events need timing=True")
        milliseconds = _ffi.ffi.new("float*")
        _ffi.check(
            _ffi.lib.aclrtEventElapsedTime(milliseconds, start.cdata, self.cdata),
            "aclrtEventElapsedTime",
        )
        return float(milliseconds[0])

    def close(self) -> None:
        """Destroy the event."""
        cdata, self._cdata = self._cdata, None
        if cdata is not None:
            _ffi.check(_ffi.lib.aclrtDestroyEvent(cdata), "aclrtDestroyEvent")

    def __del__(self) -> None:
        # Events are cheap and often dropped: no warning, and nothing to tell if it fails.
        if self._cdata is not None and not sys.is_finalizing():
            _ffi.lib.aclrtDestroyEvent(self._cdata)

    def __repr__(self) -> str:
        state = (
            "closed"
            if self._cdata is None
            else f"{int(_ffi.ffi.cast('uintptr_t', self._cdata)):#x}"
        )
        return f"<Event {state}>"
