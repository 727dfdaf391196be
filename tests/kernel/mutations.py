# SPDX-License-Identifier: Apache-2.0
"""Bugs that are put into the Ascend C kernel on purpose, one at a time: each must be found.

``python mutations.py BUILD [NAME ...]`` tries them on ``BUILD/tests_kernel`` and prints what it finds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutation import Mutation
from reduce_mutations import REDUCE_MUTATIONS
from send_mutations import SEND_MUTATIONS

TIMEOUT_SECONDS = 120


MUTATIONS = SEND_MUTATIONS + REDUCE_MUTATIONS


@dataclass(frozen=True)
class Toolchain:
    """How CMake compiles the kernel and links the driver."""

    compiler: str
    kernel: Path
    includes: tuple[str, ...]
    archives: tuple[str, ...]

    @classmethod
    def of(cls, build: Path) -> Toolchain:
        """Read what CMake left in ``build``."""
        lines = (build / "tests_kernel" / "toolchain.txt").read_text().split("\n")
        words = [line.split("=", 1) for line in lines if "=" in line]

        def all_of(key: str) -> tuple[str, ...]:
            return tuple(value for name, value in words if name == key)

        return cls(
            all_of("compiler")[0], Path(all_of("kernel")[0]), all_of("include"), all_of("archive")
        )

    def build(self, kernel: Path, program: Path) -> None:
        """Compile the kernel in folder ``kernel`` and link the driver with it."""
        source = kernel / "moe_distribute_combine_add_rms_norm.cpp"
        flags = ["-std=c++17", "-O0", "-ffp-contract=off"]  # compiling takes longer than running
        command = [self.compiler, *flags, *(f"-I{i}" for i in self.includes), str(source)]
        # The archives need one another.
        archives = ["-Wl,--start-group", *self.archives, "-Wl,--end-group"]
        command += [*archives, "-pthread", "-o", str(program)]
        subprocess.run(command, check=True, capture_output=True, text=True)


def mutate(mutation: Mutation, kernel: Path) -> None:
    """Put the bug into the kernel in folder ``kernel``."""
    path = kernel / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        message = f"{mutation.name}: {mutation.file} has its text {text.count(mutation.old)} times"
        raise ValueError(message)
    path.write_text(text.replace(mutation.old, mutation.new))


def finding(toolchain: Toolchain, mutation: Mutation) -> str:
    """Give what the driver says of the kernel with the bug; empty when it finds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = Path(folder) / "kernel"
        shutil.copytree(toolchain.kernel, kernel)
        mutate(mutation, kernel)
        program = Path(folder) / "driver"
        toolchain.build(kernel, program)
        try:
            run = subprocess.run(
                [program, mutation.scenario],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return "" if run.returncode == 0 else run.stdout.strip() or f"status {run.returncode}"


# What the checks say, and what it is called in the table; the first that fits.
KINDS = (
    (r"UB has \d+ bytes and \d+ are taken", "UB overflow"),
    (r"touches UB bytes .* outside of its buffer", "UB outside of its buffer"),
    (r"which nothing has written", "UB that nothing has written"),
    (r"whose content is void", "UB whose content is void"),
    (r"(reads|writes) \d+ bytes at byte \d+ of .*, which has", "outside of a tensor"),
    (r"belongs to no (region|tensor)|no region|outside of every", "outside of every region"),
    (r"needs a status word|SyncAll or a status word", "no order between cores or ranks"),
    (r"HardEvent::(\w+) are missing", r"no order: flag \1"),
    (r"PipeBarrier<PIPE_(\w+)> is missing", r"no order: barrier of \1"),
    (r"FreeTensor of a tensor that is free", "double free"),
    (r"FreeTensor is missing", "queue without a free buffer"),
    (r"EnQue|DeQue", "queue: EnQue and DeQue"),
    (r"was set at .* and not waited for", "event set twice"),
    (r"WaitFlag.*(never|no SetFlag|without)", "wait for an event that nobody sets"),
    (r"waits for a change", "wait that nobody ends"),
    (r"SyncAll", "SyncAll that not all cores reach"),
    (r"half of (a window|the windows)", "wrong half"),
    (r"a flag is left", "flag left up"),
    (r"(x|y|rstd) of rank", "wrong values"),
)


def kind(found: str) -> str:
    """Name what a finding is."""
    for pattern, name in KINDS:
        match = re.search(pattern, found)
        if match:
            return match.expand(name)
    return found or "nothing"


def table() -> Iterator[str]:
    """Give the lines of the table in docs/kernel.md."""
    yield "| bug | in | found as |"
    yield "| --- | --- | --- |"
    for mutation in MUTATIONS:
        yield f"| {mutation.name} | `{mutation.file}` | {mutation.found} |"


def main() -> None:
    """Print what finds each bug."""
    toolchain = Toolchain.of(Path(sys.argv[1]))
    names = sys.argv[2:]
    chosen = [m for m in MUTATIONS if not names or m.name in names]
    for mutation in chosen:
        found = finding(toolchain, mutation)
        print(f"{mutation.name}: {kind(found)}\n  {found}", flush=True)


if __name__ == "__main__":
    main()
