# SPDX-License-Identifier: Apache-2.0
"""Device memory: buffers, the pool that reuses them, workspaces, and pinned host memory."""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import Any

import numpy as np

from aclnn_moe import _ffi
from aclnn_moe.dtypes import dtype_of
from aclnn_moe.errors import AclError, AclMemoryError
from aclnn_moe.owner import Owner
from aclnn_moe.runtime import Device, init, on_device
from aclnn_moe.timeline import Timeline, device_marks

# The smallest block: what CANN's kernels read at a time.
_SMALLEST = 512

# Sizes between two powers of two; at most an eighth of a block is unused.
_STEPS = 8

_Uses = dict[Timeline, int]


def block_size(nbytes: int) -> int:
    """Return the size of the block that ``nbytes`` are kept in."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = max(_SMALLEST, (1 << (nbytes - 1).bit_length()) // 2 // _STEPS)
    return -(-nbytes // step) * step


class Buffer(Owner):
    """A piece of device memory; goes back to its pool when the last reference is gone.

    Work that is still queued may go on using it: the pool gives it away again only in the order of
    that stream, or when the work is done.

    Attributes
    ----------
    address : int
        First byte; None once closed.
    nbytes : int
        Size.
    device : int
        Number of its device.
    """

    __slots__ = ("__weakref__", "_block", "_owner", "address", "device", "nbytes", "uses")

    def __init__(
        self, device: int, address: int, nbytes: int, *, block: int = 0, owner: object = None
    ) -> None:
        self.device = device
        # Any: a closed buffer has no address, and arithmetic with None is the check.
        self.address: Any = address
        self.nbytes = nbytes
        self.uses: _Uses = {}
        self._block = block
        self._owner = owner

    def wait(self) -> None:
        """Wait until no queued work uses the buffer.

        Raises
        ------
        AclError
            Work on one of the streams failed.
        """
        for line, mark in list(self.uses.items()):
            if mark > line.completed:
                line.synchronize()
        self.uses.clear()

    def close(self) -> None:
        """Give the memory back now; arrays over it cannot be used any more."""
        address, self.address = self.address, None
        if address is not None:
            pool_of(self.device).give_back(address, self._block, self.uses, self._owner)
            self._owner = None

    def __del__(self) -> None:
        # Nothing but appending to a queue: this may run inside the pool itself.
        returns = self._block or self._owner is not None
        if returns and self.address is not None and not sys.is_finalizing():
            _pools[self.device].returned.append((self.address, self._block, self.uses, self._owner))

    def __repr__(self) -> str:
        where = "closed" if self.address is None else f"at {self.address:#x}"
        return f"<Buffer of {self.nbytes} bytes on device {self.device}, {where}>"


class _Parked:
    """A block that queued work of one or more streams may still use."""

    __slots__ = ("address", "block", "owner", "uses")

    def __init__(self, address: int, block: int, uses: _Uses, owner: object) -> None:
        self.address = address
        self.block = block
        self.uses = uses
        self.owner = owner

    def done(self) -> bool:
        return all(mark <= line.completed for line, mark in self.uses.items())


class Pool:
    """Blocks of one device, by size, for reuse."""

    def __init__(self, device: int) -> None:
        self.device = device
        self.returned: deque[tuple[int, int, _Uses, object]] = deque()
        self.reserved = 0
        self._lock = threading.Lock()
        self._free: dict[int, list[int]] = {}
        # Blocks used by one stream only: work queued there later may have them at once.
        self._ordered: dict[tuple[Timeline, int], list[tuple[int, int]]] = {}
        self._parked: list[_Parked] = []

    def allocate(self, nbytes: int, line: Timeline | None = None) -> Buffer:
        """Return a buffer of at least ``nbytes``, not initialised.

        Parameters
        ----------
        nbytes
            Size wanted.
        line
            The stream on which it is used first; it may then still be in use by work queued there
            before. None gives memory that nothing uses.

        Raises
        ------
        AclMemoryError
            The device has no memory left, even after unused blocks were given back.
        """
        block = block_size(nbytes)
        with self._lock:
            if self.returned:
                self._sort_returned()
            found = self._reuse(block, line)
        address, mark = self._from_device(block, line) if found is None else found
        buffer = Buffer(self.device, address, nbytes, block=block)
        if mark and line is not None:
            buffer.uses[line] = mark
        return buffer

    def give_back(self, address: int, block: int, uses: _Uses, owner: object) -> None:
        """Take a block (size 0: somebody else's memory, kept alive by ``owner``)."""
        self.returned.append((address, block, uses, owner))

    def trim(self) -> int:
        """Give all unused blocks back to the device; returns their bytes."""
        self._ask_streams()
        with self._lock:
            self._sort_returned()
            self._collect()
            free, self._free = self._free, {}
            given = sum(block * len(addresses) for block, addresses in free.items())
            self.reserved -= given
        with on_device(self.device):
            for addresses in free.values():
                for address in addresses:
                    _ffi.check(_ffi.lib.aclrtFree(_ffi.ffi.cast("void*", address)), "aclrtFree")
        return given

    def _sort_returned(self) -> None:
        """Put what came back where it can be found; the lock is held."""
        while True:
            try:
                address, block, uses, owner = self.returned.popleft()
            except IndexError:
                return
            pending = {line: mark for line, mark in uses.items() if mark > line.completed}
            if not block:
                for line in pending:
                    line.retain((owner,))
            elif not pending:
                self._free.setdefault(block, []).append(address)
            elif len(pending) == 1:
                ((line, mark),) = pending.items()
                self._ordered.setdefault((line, block), []).append((address, mark))
            else:
                self._parked.append(_Parked(address, block, pending, None))

    def _reuse(self, block: int, line: Timeline | None) -> tuple[int, int] | None:
        """Return a block of this size, and the mark of its last use; the lock is held."""
        if line is not None:
            ordered = self._ordered.get((line, block))
            if ordered:
                return ordered.pop()
        free = self._free.get(block)
        if not free and (self._ordered or self._parked):
            self._collect()
            free = self._free.get(block)
        return (free.pop(), 0) if free else None

    def _collect(self) -> None:
        """Free what streams have finished with, as far as is known; the lock is held."""
        for (line, block), entries in list(self._ordered.items()):
            completed = line.completed
            done = [address for address, mark in entries if mark <= completed]
            if done:
                self._free.setdefault(block, []).extend(done)
                entries[:] = [entry for entry in entries if entry[1] > completed]
            if not entries:
                del self._ordered[line, block]
        still = []
        for parked in self._parked:
            if parked.done():
                self._free.setdefault(parked.block, []).append(parked.address)
            else:
                still.append(parked)
        self._parked = still

    def _ask_streams(self) -> None:
        """Find out which streams are idle; must not be called with the lock held."""
        for line, _ in device_marks(self.device):
            try:
                line.is_idle()
            except AclError:
                # The stream has failed: whoever waits for it is told, not who allocates memory.
                continue

    def _from_device(self, block: int, line: Timeline | None) -> tuple[int, int]:
        if self._ordered or self._parked:
            self._ask_streams()
            with self._lock:
                found = self._reuse(block, line)
            if found is not None:
                return found
        try:
            return self._malloc(block), 0
        except AclMemoryError:
            if not self.trim():
                raise
            return self._malloc(block), 0

    def _malloc(self, block: int) -> int:
        pointer = _ffi.ffi.new("void**")
        with on_device(self.device):
            _ffi.check(
                _ffi.lib.aclrtMalloc(pointer, block, _ffi.lib.ACL_MEM_MALLOC_HUGE_FIRST),
                "aclrtMalloc",
            )
        with self._lock:
            self.reserved += block
        return int(_ffi.ffi.cast("uintptr_t", pointer[0]))


_pools: dict[int, Pool] = {}
_pools_lock = threading.Lock()


def pool_of(device: int) -> Pool:
    """Return the pool of a device."""
    pool = _pools.get(device)
    if pool is None:
        init()
        with _pools_lock:
            pool = _pools.setdefault(device, Pool(device))
    return pool


def allocate(nbytes: int, device: Device, line: Timeline | None = None) -> Buffer:
    """Return a buffer of at least ``nbytes`` on ``device``; see :meth:`Pool.allocate`."""
    if nbytes < 0:
        raise ValueError(f"nbytes is {nbytes}: want 0 or more")
    return pool_of(device.id).allocate(nbytes, line)


def borrow(address: int, nbytes: int, device: Device, owner: object = None) -> Buffer:
    """Return a buffer over memory that ``owner`` keeps alive."""
    pool_of(device.id)
    return Buffer(device.id, address, nbytes, owner=owner)


def workspace(line: Timeline, nbytes: int) -> Buffer:
    """Return the stream's workspace, of at least ``nbytes``; operators on it share it in order."""
    held = line.workspace
    if held is None or held.nbytes < nbytes:
        if held is not None:
            held.uses[line] = line.mark()
        line.workspace = held = pool_of(line.device).allocate(nbytes, line)
    return held


def pinned_empty(shape: int | tuple[int, ...], dtype: Any) -> np.ndarray[Any, np.dtype[Any]]:  # noqa: ANN401
    """Return a numpy array in page-locked host memory, which devices copy from and to directly.

    The memory is freed with the last array over it.

    Parameters
    ----------
    shape
        Shape of the array.
    dtype
        A numpy dtype of the table in ``aclnn_moe.dtypes``.
    """
    init()
    kind = dtype_of(dtype)
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    count = int(np.prod(shape, dtype=np.int64))
    nbytes = max(count * kind.itemsize, 1)
    pointer = _ffi.ffi.new("void**")
    with on_device(Device.current().id):
        _ffi.check(_ffi.lib.aclrtMallocHost(pointer, nbytes), "aclrtMallocHost")
    owned = _ffi.ffi.gc(pointer[0], _ffi.lib.aclrtFreeHost, nbytes)
    flat = np.frombuffer(_ffi.ffi.buffer(owned, nbytes), dtype=np.uint8)
    return flat[: count * kind.itemsize].view(kind.numpy).reshape(shape)
