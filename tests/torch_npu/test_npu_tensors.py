# SPDX-License-Identifier: Apache-2.0
"""torch_npu's tensors in this package's own functions; the checks are in npu_tensors_program."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "npu_tensors_program.py"
RANKS = 2


def checks() -> list[str]:
    lines = PROGRAM.read_text().splitlines()
    return [
        after.removeprefix("def ").partition("(")[0]
        for line, after in itertools.pairwise(lines)
        if line == "@check"
    ]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outcome")
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.mark.parametrize("check", checks())
def test_npu_tensors(outcome: Path, check: str) -> None:
    told = {rank: (outcome / f"{check}-{rank}").read_text() for rank in range(RANKS)}
    assert told == dict.fromkeys(range(RANKS), "")
