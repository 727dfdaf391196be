# SPDX-License-Identifier: Apache-2.0
"""Memory of the program that a device uses in place, for as long as a call needs it.

Only where device memory is memory of the CPU (the host device). The runtime has to know a range
before it works on it, and does not take one that overlaps another. So ranges are kept here, for all
threads: a range that lies inside one already known is used with it, one that overlaps another in
part cannot be lent, and its owner's data is copied instead.
"""

from __future__ import annotations

import sys
import threading
from collections import deque

from aclnn_moe import _ffi
from aclnn_moe._ffi.status import recent_error_text


class _Range:
    """One registered range, and how many lent pieces lie in it."""

    __slots__ = ("end", "lent")

    def __init__(self, end: int) -> None:
        self.end = end
        self.lent = 1


_lock = threading.Lock()
_ranges: dict[int, _Range] = {}
# What was dropped without being given back, to be given back at the next chance.
_dropped: deque[tuple[int, object]] = deque()


class LentMemory:
    """A range that the device may use until `give_back`; its owner is kept alive as long."""

    __slots__ = ("_base", "_owner")

    def __init__(self, base: int, owner: object) -> None:
        self._base = base  # of the registered range; 0 for memory that was the device's before
        self._owner = owner

    def give_back(self) -> None:
        """End the loan; no queued work may use the memory any more. A second call does nothing."""
        base, self._base = self._base, 0
        if base:
            with _lock:
                _release(base)
        self._owner = None

    def __del__(self) -> None:
        # Nothing but appending to a queue: this may run anywhere, also inside lend.
        if self._base and not sys.is_finalizing():
            _dropped.append((self._base, self._owner))


def lend(address: int, nbytes: int, owner: object) -> LentMemory | None:
    """Let the calling thread's device use a range in place; None where it has to be copied.

    Parameters
    ----------
    address, nbytes
        First byte and size, at least 1.
    owner
        What keeps the memory from being freed.

    Raises
    ------
    AclError
        The runtime refuses the range.
    """
    owners = []
    with _lock:
        while _dropped:
            base, dropped = _dropped.popleft()
            owners.append(dropped)
            _release(base)
        found = _lend(address, nbytes)
    # Outside the lock: what is let go may have a __del__ of its own.
    owners.clear()
    return None if found is None else LentMemory(found, owner)


def _lend(address: int, nbytes: int) -> int | None:
    """Return the base of the range to hold, 0 for none, None where it cannot be lent."""
    ffi, lib = _ffi.ffi, _ffi.lib
    pointer = ffi.cast("void*", address)
    status = lib.aclrtHostRegister(pointer, nbytes, lib.ACL_HOST_REGISTER_MAPPED, ffi.new("void**"))
    if status != lib.ACL_ERROR_HOST_MEMORY_ALREADY_REGISTERED:
        _ffi.check(status, "aclrtHostRegister")
        _ranges[address] = _Range(address + nbytes)
        return address
    recent_error_text()  # This refusal is no error here.
    end = address + nbytes
    for base, known in _ranges.items():
        if base <= address and end <= known.end:
            known.lent += 1
            return base
    return 0 if _is_device_memory(address) and _is_device_memory(end - 1) else None


def _is_device_memory(address: int) -> bool:
    attributes = _ffi.ffi.new("aclrtPtrAttributes*")
    status = _ffi.lib.aclrtPointerGetAttributes(_ffi.ffi.cast("void*", address), attributes)
    _ffi.check(status, "aclrtPointerGetAttributes")
    return bool(attributes.location.type == _ffi.lib.ACL_MEM_LOCATION_TYPE_DEVICE)


def _release(base: int) -> None:
    """Let go of one piece of a range, and of the range with the last; the lock is held."""
    known = _ranges[base]
    known.lent -= 1
    if not known.lent:
        del _ranges[base]
        _ffi.check(
            _ffi.lib.aclrtHostUnregister(_ffi.ffi.cast("void*", base)), "aclrtHostUnregister"
        )
