# SPDX-License-Identifier: Apache-2.0
"""Programs on torch_npu in a process of their own, and what the ranks of one have written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# The start of one process takes seconds of processor time, and of many as often as much.
TIMEOUT_SECONDS = 240


def run_program(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code with additions to this process's environment."""
    return _run(["-c", code], environment)


def run_file(file: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python file, with additions to this process's environment."""
    return _run([str(file), *arguments], environment)


def run_checks(file: Path, folder: Path, *arguments: str, **environment: str) -> Path:
    """Run a program whose ranks write FOLDER/<check>-<rank>, empty where the check passed.

    One set of ranks runs all checks, since their start takes most of the time.
    """
    ran = run_file(file, str(folder), *arguments, **environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def assert_passed(folder: Path, check: str, ranks: int) -> None:
    told = {rank: (folder / f"{check}-{rank}").read_text() for rank in range(ranks)}
    assert told == dict.fromkeys(range(ranks), "")


def _run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env={**os.environ, **environment},
    )
