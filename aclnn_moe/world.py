# SPDX-License-Identifier: Apache-2.0
"""A rank among others: its device, a stream, and the communicator of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType

from aclnn_moe.communicator import Communicator
from aclnn_moe.runtime import Device, as_device
from aclnn_moe.stream import Stream

_RENDEZVOUS_SECONDS = 300.0


class World:
    """What `launch` hands to the function on each rank; `from_env` gives the same anywhere else.

    Attributes
    ----------
    rank, size
        Which rank this is, of how many.
    device
        The rank's device; the calling thread's from now on.
    stream
        A stream of it.
    group
        The communicator of all ranks.

    Notes
    -----
    Leaving a ``with`` block waits for the stream, and raises what failed on it unless that has been
    raised before; `close` does not raise it.
    """

    def __init__(self, group: Communicator, stream: Stream) -> None:
        self.group = group
        self.stream = stream
        self._groups: list[Communicator] = []
        self._closed = False

    @classmethod
    def from_root_info(
        cls,
        info: bytes,
        size: int,
        rank: int,
        *,
        device: Device | int | None = None,
        buffer_mb: int | None = None,
        timeout: int | None = None,
    ) -> World:
        """Join the ranks that hold ``info``; collective.

        The arguments are those of `Communicator.from_root_info`.
        """
        chosen = as_device(device)
        chosen.use()
        stream = Stream(chosen)
        try:
            group = Communicator.from_root_info(
                info, size, rank, device=chosen, buffer_mb=buffer_mb, timeout=timeout
            )
        except BaseException:
            stream.close()
            raise
        return cls(group, stream)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        rendezvous_timeout: float = _RENDEZVOUS_SECONDS,
        buffer_mb: int | None = None,
        timeout: int | None = None,
    ) -> World:
        """Join the ranks that a launcher such as torchrun or mpirun has started; collective.

        RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT say how. The device is LOCAL_RANK,
        or without it RANK modulo the number of devices. Ranks that set ACLNN_MOE_RENDEZVOUS_KEY to
        the same secret accept nobody else.

        Parameters
        ----------
        environ
            Variables to read; ``os.environ`` by default.
        rendezvous_timeout
            Seconds in which the ranks must find one another.
        buffer_mb, timeout
            As for `Communicator.from_root_info`.

        Raises
        ------
        ValueError
            A variable is missing, or its value is not what it must be.
        TimeoutError
            Ranks did not come; the message names them.
        ConnectionError
            Rank 0 refused this rank.
        AclError
            HCCL refused.
        """
        from aclnn_moe import rendezvous

        where = rendezvous.RankEnvironment.read(environ)
        number = where.local_rank
        device = Device(where.rank % Device.count() if number is None else number)
        if where.rank == 0:
            info = Communicator.root_info(device=device)
            rendezvous.serve(where, info, timeout=rendezvous_timeout)
        else:
            info = rendezvous.fetch(where, timeout=rendezvous_timeout)
        return cls.from_root_info(
            info, where.size, where.rank, device=device, buffer_mb=buffer_mb, timeout=timeout
        )

    @property
    def rank(self) -> int:
        """Which rank this is."""
        return self.group.rank

    @property
    def size(self) -> int:
        """How many ranks there are."""
        return self.group.size

    @property
    def device(self) -> Device:
        """The rank's device."""
        return self.group.device

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def new_group(
        self,
        ranks: Sequence[int],
        *,
        name: str | None = None,
        buffer_mb: int | None = None,
        timeout: int | None = None,
    ) -> Communicator | None:
        """Make a communicator of some ranks; called by all of them, and by any others.

        Returns
        -------
        Communicator or None
            None on ranks that are not among ``ranks``. It is closed with the world at the latest.

        Raises
        ------
        ValueError
            As `Communicator.subgroup`.
        """
        group = self.group.subgroup(ranks, name=name, buffer_mb=buffer_mb, timeout=timeout)
        if group is not None:
            self._groups.append(group)
        return group

    def close(self) -> None:
        """Wait for the stream, and leave all communicators; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with ExitStack() as stack:
            for group in (self.group, *self._groups):
                stack.callback(group.close)
            stack.callback(self.stream.close)

    def __enter__(self) -> World:
        if self._closed:
            raise ValueError("the world is closed")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stream.__exit__(kind, error, trace)
        finally:
            self.close()

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"<World rank {self.rank} of {self.size} on {self.device!r}{state}>"
