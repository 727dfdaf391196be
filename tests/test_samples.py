# SPDX-License-Identifier: Apache-2.0
"""Every sample runs and prints what it should, and README shows the first in full."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
SCRIPTS = Path(sys.executable).parent


def run(*words: str | Path, **extra: str) -> str:
    """Run a command; returns what it printed."""
    ran = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=os.environ | extra,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_two_ranks_sample_prints_a_result_per_rank() -> None:
    printed = run(sys.executable, SAMPLES / "two_ranks.py")
    assert re.findall(r"rank \d: x \(4, 1, 1024\) bfloat16", printed) == [
        "rank 0: x (4, 1, 1024) bfloat16",
        "rank 1: x (4, 1, 1024) bfloat16",
    ]


def test_readme_shows_the_sample_in_full() -> None:
    assert (SAMPLES / "two_ranks.py").read_text() in (ROOT / "README.md").read_text()


def test_torch_sample_gives_the_same_when_compiled() -> None:
    assert run(sys.executable, SAMPLES / "torch_cpu.py").splitlines() == [
        "rank 0: y (4, 1, 1024) torch.bfloat16, compiled gives the same: True",
        "rank 1: y (4, 1, 1024) torch.bfloat16, compiled gives the same: True",
    ]


def test_torchrun_starts_the_ranks_of_its_sample() -> None:
    command = [SCRIPTS / "torchrun", "--standalone", "--nproc-per-node", "2"]
    printed = run(*command, SAMPLES / "torchrun_ranks.py", OMP_NUM_THREADS="1")
    # Lines of different processes may run into one another.
    assert sorted(re.findall(r"rank \d of 2: \w+?(?=rank|\n)", printed)) == [
        "rank 0 of 2: True",
        "rank 1 of 2: True",
    ]


def test_moe_layer_sample_agrees_with_the_dense_computation() -> None:
    printed = run(sys.executable, SAMPLES / "moe_layer.py")
    pairs = re.findall(r"rank \d: largest difference ([\d.]+), allowed ([\d.]+)\n", printed)
    assert len(pairs) == 2
    assert all(0 < float(error) <= float(allowed) < 0.1 for error, allowed in pairs)


def test_ctypes_sample_calls_both_operators() -> None:
    sample = [sys.executable, SAMPLES / "ctypes_call.py"]
    assert run(SCRIPTS / "aclnn-moe", "run", "--", *sample).splitlines() == [
        "rank 0: x is 6.0, all alike: True",
        "rank 1: x is 8.0, all alike: True",
    ]
