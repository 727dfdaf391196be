# SPDX-License-Identifier: Apache-2.0
"""What the Ascend C kernel did on the CPU: counters and timelines, ``aclnn-moe trace``.

The host device writes two files per launch and rank into the folder that
ACLNN_MOE_HOST_KERNEL_TRACE names: ``combine-1-rank0.counters.json``, and
``combine-1-rank0.trace.json`` for Perfetto or chrome://tracing; the number is that of the
communicator's collective. Times are those of a stated model of
the cores (`docs/ascendc.md`), not of this machine, nor measured on an NPU.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

# Scalar, vector, copies from memory into the unified buffer, and out of it.
PIPES = ("S", "V", "MTE2", "MTE3")

_COUNTERS = re.compile(r"(\w+-(\d+)-rank(\d+))\.counters\.json")
_KIB = 1024


@dataclass(frozen=True)
class Counters:
    """Counts of one core, or of a launch: sums over its cores, but for the last two.

    Attributes
    ----------
    gm_read_bytes, gm_written_bytes : int
        Copied from, and to, global memory and windows.
    instructions, busy_cycles : dict
        By pipe, see `PIPES`.
    cycles : int
        Until the last instruction ends, under the model; of a launch: of its slowest core.
    peak_ub_bytes : int
        Most of the unified buffer in use; of a launch: of the core that used most.
    """

    gm_read_bytes: int
    gm_written_bytes: int
    instructions: Mapping[str, int]
    busy_cycles: Mapping[str, int]
    cycles: int
    peak_ub_bytes: int


@dataclass(frozen=True)
class Launch:
    """One launch of a kernel on one rank.

    Attributes
    ----------
    kernel : str
        Name of the kernel.
    rank, number : int
        EP rank, and which of the communicator's collectives it was.
    microseconds : float
        From its first instruction to its last, under the model.
    total : Counters
        Of all cores.
    cores : tuple of Counters
        By core.
    timeline : Path
        The trace of the same launch.
    """

    kernel: str
    rank: int
    number: int
    microseconds: float
    total: Counters
    cores: tuple[Counters, ...]
    timeline: Path

    def busy(self, pipe: str) -> float:
        """Share of the launch in which a pipe works, on the average over the cores: 0 to 1."""
        available = self.total.cycles * len(self.cores)
        return self.total.busy_cycles[pipe] / available if available else 0.0


def launches(folder: Path) -> list[Launch]:
    """Read all launches of a folder, by number, then by rank.

    Raises
    ------
    OSError
        The folder cannot be read.
    ValueError
        A file in it is not what the host device writes.
    """
    return sorted(_read(folder), key=lambda launch: (launch.number, launch.rank))


def _read(folder: Path) -> Iterator[Launch]:
    for path in folder.iterdir():
        name = _COUNTERS.fullmatch(path.name)
        if name is None:
            continue
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            yield Launch(
                kernel=found["kernel"],
                rank=int(name[3]),
                number=int(name[2]),
                microseconds=float(found["microseconds"]),
                total=_counters(found["total"]),
                cores=tuple(map(_counters, found["cores"])),
                timeline=path.with_name(f"{name[1]}.trace.json"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no counters of the host device: {error!r}") from None


def _counters(found: Mapping[str, Any]) -> Counters:
    pipes = found["pipes"]
    return Counters(
        gm_read_bytes=found["gm_read_bytes"],
        gm_written_bytes=found["gm_written_bytes"],
        instructions={pipe: pipes[pipe]["instructions"] for pipe in PIPES},
        busy_cycles={pipe: pipes[pipe]["busy_cycles"] for pipe in PIPES},
        cycles=found["cycles"],
        peak_ub_bytes=found["peak_ub_bytes"],
    )


def table(found: list[Launch]) -> Table:
    """Return a table with a row per launch, and the slowest rank of each marked."""
    from rich.table import Table

    shown = Table(title="launches of the Ascend C kernel; times are the model's")
    shown.add_column("launch, rank")
    for heading in ("cores", "us", "GM read KiB", "GM written KiB", "peak UB KiB"):
        shown.add_column(heading, justify="right")
    for pipe in PIPES:
        shown.add_column(f"{pipe} instr.", justify="right")
        shown.add_column("busy", justify="right")
    slowest = {
        number: max(launch.microseconds for launch in found if launch.number == number)
        for number in {launch.number for launch in found}
    }
    for launch in found:
        total = launch.total
        cells = [
            f"{launch.number}, {launch.rank}",
            f"{len(launch.cores)}",
            f"{launch.microseconds:.1f}",
            *(
                f"{count / _KIB:.1f}"
                for count in (total.gm_read_bytes, total.gm_written_bytes, total.peak_ub_bytes)
            ),
        ]
        for pipe in PIPES:
            cells += [f"{total.instructions[pipe]}", f"{launch.busy(pipe):.0%}"]
        shown.add_row(
            *cells, style="bold" if launch.microseconds == slowest[launch.number] else None
        )
    return shown
