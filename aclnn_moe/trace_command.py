# SPDX-License-Identifier: Apache-2.0
"""``aclnn-moe trace``: run a program on the Ascend C kernel, and show what the kernel did."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aclnn_moe import trace

if TYPE_CHECKING:
    import argparse

_DEMO = [
    *(sys.executable, "-m", "aclnn_moe.cli", "demo"),
    *("--ranks", "2", "--experts", "16"),
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where traces and counters go; a new one in /tmp"
    )
    parser.add_argument(
        "--cores", type=int, metavar="N", help="vector cores per rank (those of the chip: 48)"
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the last launch of rank 0, as PNG or SVG"
    )


def run(args: argparse.Namespace, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run ``command`` (the demo by default) with ``environ``, and print a table of its launches.

    Returns
    -------
    int
        The exit status of the program, or 1 when it launched no kernel.

    Raises
    ------
    OSError, ValueError
        The program cannot be started, or the folder holds traces already.
    """
    folder = _folder(args.out)
    variables = {
        "ACLNN_MOE_HOST_KERNEL": "ascend910_93",
        "ACLNN_MOE_HOST_KERNEL_TRACE": str(folder),
    }
    if args.cores is not None:
        variables["ACLNN_MOE_HOST_KERNEL_CORES"] = str(args.cores)
    status = subprocess.run(
        list(command or _DEMO), env={**environ, **variables}, check=False
    ).returncode
    found = trace.launches(folder)
    if found:
        _show(found, folder)
        if args.picture is not None:
            from aclnn_moe.trace_picture import draw

            draw(max(found, key=lambda each: (each.number, -each.rank)), args.picture)
            print(f"picture: {args.picture}")
    elif not status:
        print("aclnn-moe trace: the program launched no combine kernel", file=sys.stderr)
        return 1
    # A signal's number is negative; shells add 128 to it.
    return status if status >= 0 else 128 - status


def _folder(given: Path | None) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix="aclnn_moe_trace-"))
    given.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(given.glob("*-rank*.json")):
        raise ValueError(f"{given} holds traces already: name a new folder")
    return given.resolve()


def _show(found: list[trace.Launch], folder: Path) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(trace.table(found))
    print(f"traces for https://ui.perfetto.dev or chrome://tracing: {folder}")
    sys.stdout.flush()
