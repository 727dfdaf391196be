# SPDX-License-Identifier: Apache-2.0
"""Whether a library of an operator package loads: tried in a process of its own.

That finds what its file does not show: functions that this release of CANN, or of the host device,
does not have, and a C library that is older than the one it was built with.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SECONDS = 60.0

# RTLD_NOW: all that the library wants is looked for at once.
_CODE = """
import ctypes, os, sys
try:
    ctypes.CDLL(sys.argv[1], os.RTLD_NOW)
except OSError as error:
    sys.exit(str(error))
"""


def why_not(library: Path, folders: Sequence[Path], *, timeout: float = _SECONDS) -> str:
    """Why ``library`` does not load; empty when it does.

    Parameters
    ----------
    library
        One that may be trusted: loading it runs its code.
    folders
        Where the libraries that it needs lie; LD_LIBRARY_PATH comes after them.
    timeout
        Seconds.
    """
    inherited = os.environ.get("LD_LIBRARY_PATH", "")
    path = ":".join([*map(str, folders), *(each for each in inherited.split(":") if each)])
    try:
        run = subprocess.run(
            [sys.executable, "-I", "-c", _CODE, str(library)],
            env={**os.environ, "LD_LIBRARY_PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"loading it did not end within {timeout:g} s"
    if run.returncode == 0:
        return ""
    said = run.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"loading it ended with status {run.returncode}"
