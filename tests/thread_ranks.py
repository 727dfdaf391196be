# SPDX-License-Identifier: Apache-2.0
"""Ranks as threads of this process: a device, a communicator, a stream and a thread each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from aclnn_moe import Communicator, Device, Stream

Result = TypeVar("Result")
WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class ThreadRank:
    """What a rank's function gets; the names of `aclnn_moe.World`."""

    rank: int
    size: int
    device: Device
    group: Communicator
    stream: Stream


class ThreadRanks:
    """All ranks of one expert parallel group.

    Parameters
    ----------
    size
        Number of ranks; rank r works on device r.
    buffer_mb
        Megabytes of the exchange buffer; HCCL_BUFFSIZE when absent.
    """

    def __init__(self, size: int, buffer_mb: int | None = None) -> None:
        self._pools = [ThreadPoolExecutor(1, f"rank {rank}") for rank in range(size)]
        if buffer_mb is None:
            groups = Communicator.init_all(range(size))
        else:
            info = Communicator.root_info(device=0)
            groups = self._on_all(
                lambda rank: Communicator.from_root_info(
                    info, size, rank, device=rank, buffer_mb=buffer_mb
                )
            )
        streams = self._on_all(Stream)
        self.ranks = [
            ThreadRank(rank, size, Device(rank), groups[rank], streams[rank])
            for rank in range(size)
        ]

    def run(self, function: Callable[[ThreadRank], Result]) -> list[Result]:
        """Call `function` on every rank at once; results in rank order, or the first failure."""
        return self._on_all(lambda rank: function(self.ranks[rank]))

    def _on_all(self, function: Callable[[int], Result]) -> list[Result]:
        futures = [pool.submit(function, rank) for rank, pool in enumerate(self._pools)]
        _, late = wait(futures, WAIT_SECONDS)
        if late:
            raise TimeoutError(
                f"ranks {[futures.index(one) for one in late]} not done after {WAIT_SECONDS} s"
            )
        return [future.result() for future in futures]

    def close(self) -> None:
        """Close streams, communicators and threads."""
        self._on_all(lambda rank: self.ranks[rank].stream.close())
        self._on_all(lambda rank: self.ranks[rank].group.close())
        for pool in self._pools:
            pool.shutdown()
