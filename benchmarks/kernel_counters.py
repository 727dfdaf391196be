# SPDX-License-Identifier: Apache-2.0
"""What the Ascend C kernel does in a launch, beside a kernel that takes the steps literally.

``python kernel_counters.py BUILD`` with the build folder of the native tests. Numbers are of the
rank that takes longest, under the cost model of docs/ascendc.md: comparable with one another, not
with a chip.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCHES = (8, 64)
HIDDEN, K, RANKS, EXPERTS, CORES = 7168, 8, 8, 64, 48
PROGRAMS = {"kernel": "kernel_counters", "literal steps": "literal_counters"}
PIPES = ("S", "V", "MTE2", "MTE3")


def count(build: Path, program: str, bs: int) -> dict[str, Any]:
    """Give the counters of one launch."""
    sizes = [str(size) for size in (bs, HIDDEN, K, RANKS, EXPERTS, CORES)]
    run = subprocess.run(
        [build / "tests_kernel" / program, *sizes], capture_output=True, text=True, check=True
    )
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def pipe_counters(total: dict[str, Any], pipe: str) -> tuple[int, int]:
    """Give instructions and busy cycles of a pipe, all cores together."""
    counters = total["pipes"][pipe]
    return counters["instructions"], counters["busy_cycles"]


def rows(build: Path) -> Iterator[list[str]]:
    """Give the lines of the table."""
    for bs in BATCHES:
        for name, program in PROGRAMS.items():
            total = count(build, program, bs)["total"]
            counters = [pipe_counters(total, pipe) for pipe in PIPES]
            yield [
                str(bs),
                name,
                f"{total['cycles']:,}",
                f"{total['gm_read_bytes'] / 2**20:.2f}",
                f"{total['gm_written_bytes'] / 2**20:.2f}",
                *(f"{instructions:,} / {busy:,}" for instructions, busy in counters),
                f"{total['peak_ub_bytes'] / 1024:.1f}",
            ]


def table(build: Path) -> Iterator[str]:
    """Give the table in Markdown."""
    pipes = " | ".join(f"{pipe}: instructions / busy cycles" for pipe in PIPES)
    yield f"| BS | | cycles | MiB read | MiB written | {pipes} | peak UB, KiB |"
    yield "|" + " --- |" * (6 + len(PIPES))
    for row in rows(build):
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    print("\n".join(table(Path(sys.argv[1]))))
