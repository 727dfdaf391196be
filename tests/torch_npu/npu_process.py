# SPDX-License-Identifier: Apache-2.0
"""Programs on torch_npu in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys

# The start of one process takes seconds of processor time, and of many as often as much.
TIMEOUT_SECONDS = 240


def run_program(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code with additions to this process's environment."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env={**os.environ, **environment},
    )
