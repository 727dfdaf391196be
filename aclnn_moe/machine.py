# SPDX-License-Identifier: Apache-2.0
"""What this machine has left for a process: memory and descriptors."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20

# cgroup v1 writes a number near 2^63 where it has no limit.
_NO_LIMIT = 1 << 60


@dataclass(frozen=True)
class Machine:
    """Limits that the host device meets; sizes are in bytes, None where there is no limit.

    The host device keeps its windows in anonymous shared memory: they count as memory of the
    cgroup, and the size of /dev/shm does not limit them.
    """

    memory_available: int | None
    cgroup_left: int | None
    address_space: int | None
    open_files: int | None
    cores: int

    @property
    def memory_left(self) -> int | None:
        """The tighter of the machine's and the cgroup's memory."""
        known = [each for each in (self.memory_available, self.cgroup_left) if each is not None]
        return min(known, default=None)

    @classmethod
    def read(cls, root: Path = Path("/")) -> Machine:
        """Read the limits of this process; ``root`` holds ``proc`` and ``sys``."""
        return cls(
            memory_available=_memory_available(root / "proc" / "meminfo"),
            cgroup_left=_cgroup_left(root),
            address_space=_limit(resource.RLIMIT_AS),
            open_files=_limit(resource.RLIMIT_NOFILE),
            cores=len(os.sched_getaffinity(0)),
        )


def _memory_available(meminfo: Path) -> int | None:
    for line in _lines(meminfo):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _cgroup_left(root: Path) -> int | None:
    """Bytes to the nearest limit among this process's cgroup and all above it."""
    left = []
    for line in _lines(root / "proc" / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, limit, used = root / "sys/fs/cgroup", "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            base = root / "sys/fs/cgroup/memory"
            limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        folder = base / path.lstrip("/")
        for each in (folder, *folder.parents):
            maximum, taken = _number(each / limit), _number(each / used)
            if maximum is not None and taken is not None and maximum < _NO_LIMIT:
                left.append(max(0, maximum - taken))
            if each == base:
                break
    return min(left, default=None)


def _limit(kind: int) -> int | None:
    soft, _ = resource.getrlimit(kind)
    return None if soft == resource.RLIM_INFINITY else soft


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    text = "".join(_lines(path)).strip()
    return int(text) if text.isdigit() else None
