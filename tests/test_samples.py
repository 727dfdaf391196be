# SPDX-License-Identifier: Apache-2.0
"""Every sample runs, and README shows the first in full."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "two_ranks.py"


def test_two_ranks_sample_prints_a_result_per_rank() -> None:
    ran = subprocess.run(
        [sys.executable, str(SAMPLE)], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert re.findall(r"rank \d: x \(4, 1, 1024\) bfloat16", ran.stdout) == [
        "rank 0: x (4, 1, 1024) bfloat16",
        "rank 1: x (4, 1, 1024) bfloat16",
    ]


def test_readme_shows_the_sample_in_full() -> None:
    assert SAMPLE.read_text() in (ROOT / "README.md").read_text()
