# SPDX-License-Identifier: Apache-2.0
"""Communicators: ranks that exchange data, one per device."""

from __future__ import annotations

import hashlib
import struct
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aclnn_moe import _ffi
from aclnn_moe.owner import Owner
from aclnn_moe.runtime import Device, as_device, init, on_device

if TYPE_CHECKING:
    from aclnn_moe.stream import Stream

# With its terminating zero a name has to fit HCCL's 128 bytes.
_MAX_NAME_BYTES = 127
_MAX_UINT32 = 0xFFFFFFFF
_MAX_INT32 = 0x7FFFFFFF


class Communicator(Owner):
    """One rank's side of an HCCL communicator; made by the class methods and by `subgroup`.

    It must stay open until all work queued on it is done. Its ranks may close it in any order.

    Parameters
    ----------
    handle
        An ``HcclComm`` of the binding, which the object takes over.
    device
        The device it was made on.
    parent
        The communicator it was made from, kept alive with it.
    """

    __slots__ = (
        "__weakref__",
        "_device",
        "_handle",
        "_lock",
        "_name",
        "_parent",
        "_rank",
        "_size",
        "_subgroups_asked",
    )

    def __init__(self, handle: Any, device: Device, parent: Communicator | None = None) -> None:  # noqa: ANN401
        self._handle = handle
        self._device = device
        self._parent = parent
        self._lock = threading.Lock()
        self._subgroups_asked: dict[tuple[int, ...], int] = {}
        self._name, self._rank, self._size = "", 0, 0
        lib, ffi = _ffi.lib, _ffi.ffi
        rank, size = ffi.new("uint32_t*"), ffi.new("uint32_t*")
        name = ffi.new("char[]", lib.HCCL_COMM_NAME_MAX_LENGTH)
        with on_device(device.id):
            _ffi.check(lib.HcclGetRankId(handle, rank), "HcclGetRankId")
            _ffi.check(lib.HcclGetRankSize(handle, size), "HcclGetRankSize")
            _ffi.check(lib.HcclGetCommName(handle, name), "HcclGetCommName")
        self._name = ffi.string(name).decode("utf-8", "replace")
        self._rank, self._size = int(rank[0]), int(size[0])

    @classmethod
    def init_all(cls, devices: Sequence[int | Device]) -> list[Communicator]:
        """Make one rank per device, all in this process; rank i works on ``devices[i]``.

        Collectives of the ranks wait for one another: give each rank its own stream, and where a
        call itself waits, its own thread.

        Parameters
        ----------
        devices
            Devices or their numbers, each once. Buffer size and timeout are those of the
            environment; `from_root_info` can set them.

        Raises
        ------
        ValueError
            ``devices`` is empty or names one twice.
        AclError
            HCCL refused.
        """
        chosen = [as_device(device) for device in devices]
        if not chosen:
            raise ValueError("devices is empty: want at least one")
        if len(set(chosen)) != len(chosen):
            raise ValueError(f"devices names one twice: {[device.id for device in chosen]}")
        init()
        ids = _ffi.ffi.new("int32_t[]", [device.id for device in chosen])
        handles = _ffi.ffi.new("HcclComm[]", len(chosen))
        with on_device(chosen[0].id):
            status = _ffi.lib.HcclCommInitAll(len(chosen), ids, handles)
            _ffi.check(status, "HcclCommInitAll")
        return [cls(handle, device) for handle, device in zip(handles, chosen, strict=True)]

    @staticmethod
    def root_info(*, device: Device | int | None = None) -> bytes:
        """Make the bytes by which the ranks of a new communicator find one another.

        Called by rank 0 alone, which hands them to all other ranks.

        Parameters
        ----------
        device
            The device of the calling rank; the calling thread's by default.
        """
        chosen = as_device(device)
        info = _ffi.ffi.new("HcclRootInfo*")
        with on_device(chosen.id):
            _ffi.check(_ffi.lib.HcclGetRootInfo(info), "HcclGetRootInfo")
        return bytes(_ffi.ffi.buffer(info))

    @classmethod
    def from_root_info(
        cls,
        info: bytes,
        size: int,
        rank: int,
        *,
        device: Device | int | None = None,
        name: str | None = None,
        buffer_mb: int | None = None,
        timeout: int | None = None,
    ) -> Communicator:
        """Join a communicator; collective: returns when all ``size`` ranks have joined.

        Parameters
        ----------
        info
            What `root_info` gave on rank 0.
        size, rank
            Number of ranks, and which one this is.
        device
            The rank's device; the calling thread's by default.
        name
            A name of 1 to 127 bytes, the same on all ranks; made up by default.
        buffer_mb
            Megabytes of the exchange buffer, the same on all ranks; HCCL_BUFFSIZE by default.
        timeout
            Seconds after which work on the communicator gives up waiting for a rank;
            HCCL_EXEC_TIMEOUT by default.

        Raises
        ------
        ValueError
            An argument is out of its range.
        AclTimeoutError
            Some ranks did not come in time.
        AclError
            HCCL refused.
        """
        root_info = _ffi.ffi.new("HcclRootInfo*")
        wanted = _ffi.ffi.sizeof("HcclRootInfo")
        if len(info) != wanted:
            raise ValueError(f"info has {len(info)} bytes: want the {wanted} of root_info()")
        if not 1 <= size <= _MAX_UINT32:
            raise ValueError(f"size is {size}: want at least 1")
        if not 0 <= rank < size:
            raise ValueError(f"rank is {rank}: want 0 to {size - 1}")
        config = _config(name, buffer_mb, timeout)
        chosen = as_device(device)
        _ffi.ffi.memmove(root_info, info, wanted)
        handle = _ffi.ffi.new("HcclComm*")
        with on_device(chosen.id):
            status = _ffi.lib.HcclCommInitRootInfoConfig(size, root_info, rank, config, handle)
            _ffi.check(status, "HcclCommInitRootInfoConfig")
        return cls(handle[0], chosen)

    def subgroup(
        self,
        ranks: Sequence[int],
        *,
        name: str | None = None,
        buffer_mb: int | None = None,
        timeout: int | None = None,
    ) -> Communicator | None:
        """Make a communicator of some of this one's ranks; collective over those.

        Rank ``ranks[i]`` becomes rank i. Ranks that are not among them may call it too, and get
        None at once.

        Parameters
        ----------
        ranks
            Ranks of this communicator, each once, in the same order on all of them.
        name, buffer_mb, timeout
            As for `from_root_info`; by default made up, HCCL_BUFFSIZE and HCCL_EXEC_TIMEOUT.

        Raises
        ------
        ValueError
            ``ranks`` is empty, names one twice or one that is not there; another argument is out of
            its range; the communicator is closed.
        AclError
            HCCL refused.
        """
        handle = self._open()
        chosen = tuple(int(rank) for rank in ranks)
        if not chosen:
            raise ValueError("ranks is empty: want at least one rank")
        if len(set(chosen)) != len(chosen):
            raise ValueError(f"ranks names one twice: {list(chosen)}")
        beyond = [rank for rank in chosen if not 0 <= rank < self._size]
        if beyond:
            raise ValueError(f"ranks names {beyond}: want ranks from 0 to {self._size - 1}")
        config = _config(name, buffer_mb, timeout)
        if self._rank not in chosen:
            return None
        with self._lock:
            asked = self._subgroups_asked[chosen] = self._subgroups_asked.get(chosen, 0) + 1
        parent, made = _ffi.ffi.new("HcclComm*", handle), _ffi.ffi.new("HcclComm*")
        with on_device(self._device.id):
            status = _ffi.lib.HcclCreateSubCommConfig(
                parent,
                len(chosen),
                _ffi.ffi.new("uint32_t[]", chosen),
                _subgroup_id(chosen, asked),
                chosen.index(self._rank),
                config,
                made,
            )
            _ffi.check(status, "HcclCreateSubCommConfig")
        return Communicator(made[0], self._device, self)

    @property
    def name(self) -> str:
        """Name by which operators find the communicator."""
        return self._name

    @property
    def rank(self) -> int:
        """Rank of this side."""
        return self._rank

    @property
    def size(self) -> int:
        """Number of ranks."""
        return self._size

    @property
    def device(self) -> Device:
        """Device of this rank."""
        return self._device

    @property
    def handle(self) -> int:
        """The ``HcclComm`` as an integer.

        Raises
        ------
        ValueError
            The communicator is closed.
        """
        return int(_ffi.ffi.cast("uintptr_t", self._open()))

    @property
    def closed(self) -> bool:
        """Whether the communicator has been closed."""
        return self._handle is None

    def barrier(self, stream: Stream | int | None = None) -> None:
        """Queue a barrier: later work on ``stream`` starts when all ranks have come this far.

        Collective over the communicator; asynchronous.

        Parameters
        ----------
        stream
            A Stream of the communicator's device, a raw handle, or None for the default stream.
        """
        from aclnn_moe.stream import timeline_for

        handle = self._open()
        line = timeline_for(stream, self._device.id)
        with on_device(self._device.id):
            _ffi.check(_ffi.lib.HcclBarrier(handle, line.cdata), "HcclBarrier")
        line.retain((self,))

    def close(self) -> None:
        """Leave the communicator; a second call does nothing."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        with on_device(self._device.id):
            _ffi.check(_ffi.lib.HcclCommDestroy(handle), "HcclCommDestroy")
        self._parent = None

    def _open(self) -> Any:  # noqa: ANN401 - a cdata pointer
        if self._handle is None:
            raise ValueError(f"the communicator {self._name!r} is closed")
        return self._handle

    def __enter__(self) -> Communicator:
        self._open()
        return self

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is None or sys.is_finalizing():
            return
        text = f"{self!r} was not closed"
        try:
            self.close()
        except (RuntimeError, OSError) as error:
            text += f", and closing it failed: {error}"
        warnings.warn(text, ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        state = ", closed" if self._handle is None else ""
        return (
            f"<Communicator {self._name!r} rank {self._rank} of {self._size} on "
            f"{self._device!r}{state}>"
        )


def _config(name: str | None, buffer_mb: int | None, timeout: int | None) -> Any:  # noqa: ANN401
    """Make an HcclCommConfig."""
    init()
    config = _ffi.ffi.new("HcclCommConfig*")
    _ffi.lib.aclnn_moe_init_comm_config(config)
    if name is not None:
        text = name.encode()
        if not 1 <= len(text) <= _MAX_NAME_BYTES or b"\0" in text:
            raise ValueError(
                f"name has {len(text)} bytes: want 1 to {_MAX_NAME_BYTES}, none of them zero"
            )
        config.hcclCommName = text
    if buffer_mb is not None:
        if not 1 <= buffer_mb < _MAX_UINT32:
            raise ValueError(f"buffer_mb is {buffer_mb}: want at least 1 (megabyte)")
        config.hcclBufferSize = buffer_mb
    if timeout is not None:
        if not 1 <= timeout <= _MAX_INT32:
            raise ValueError(f"timeout is {timeout}: want at least 1 (second)")
        config.hcclExecTimeOut = timeout
    return config


def _subgroup_id(ranks: tuple[int, ...], asked: int) -> int:
    """Return a number that the members agree on without talking, and that no other group has."""
    data = struct.pack(f"!{len(ranks) + 1}Q", asked, *ranks)
    # HCCL keeps the values of its "not set" constants for itself; 63 bits above 2^32 avoid them.
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big") >> 1 | 1 << 62
