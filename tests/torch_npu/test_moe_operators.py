# SPDX-License-Identifier: Apache-2.0
"""torch_npu's MoE functions, through torch_npu's own code, against the reference."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_operators_whole import CASES

PROGRAM = Path(__file__).parent / "moe_program.py"
RANKS = 6


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run every case on one set of ranks, since their start takes most of the time."""
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


@pytest.mark.parametrize("name", CASES)
def test_torch_npu_agrees_with_the_reference(outcome: Path, name: str) -> None:
    number = list(CASES).index(name)
    told = {rank: (outcome / f"{number}-{rank}").read_text() for rank in range(RANKS)}
    assert told == dict.fromkeys(range(RANKS), "")
