# SPDX-License-Identifier: Apache-2.0
"""What the libraries say when they are really loaded: asked in a process of its own.

A library that crashes or hangs while it starts must not take the one who asks with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

_SECONDS = 60.0

OPERATORS = ("aclnnMoeDistributeDispatchV2", "aclnnMoeDistributeCombineAddRmsNorm")


@dataclass(frozen=True)
class Probe:
    """Answers of a fresh process.

    Attributes
    ----------
    problem
        Why the libraries cannot be used; empty when they can.
    devices
        Number of devices.
    soc_name
        Chip of device 0.
    runtime_version
        Of libascendcl.
    operators
        Operator to the library that serves it.
    missing
        Operator that no library serves to why, and the remedy.
    """

    problem: str = ""
    devices: int = 0
    soc_name: str = ""
    runtime_version: str = ""
    operators: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def probe(*, timeout: float = _SECONDS) -> Probe:
    """Load the libraries in a process of its own, and say what they answered."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from aclnn_moe import probe; probe.main()"
    try:
        run = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(problem=f"loading the libraries did not end within {timeout:g} s")
    try:
        answers: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = run.stderr.decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else "without a word"
        return Probe(problem=f"loading the libraries ended with status {run.returncode}: {last}")
    return Probe(**answers)


def main() -> None:
    """Print the answers as one line of JSON."""
    print(json.dumps(_answers()))


def _answers() -> dict[str, Any]:
    from aclnn_moe import _ffi
    from aclnn_moe.errors import AclError, SymbolNotFoundError
    from aclnn_moe.runtime import Device

    answers: dict[str, Any] = {"operators": {}, "missing": {}}
    try:
        answers["devices"] = Device.count()
        version = [_ffi.ffi.new("int32_t*") for _ in range(3)]
        if _ffi.lib.aclrtGetVersion(*version) == 0:
            answers["runtime_version"] = ".".join(str(part[0]) for part in version)
        for operator in OPERATORS:
            try:
                answers["operators"][operator] = str(_ffi.find_operator(operator).path)
            except SymbolNotFoundError as error:
                answers["missing"][operator] = error.summary
        if answers["devices"]:
            answers["soc_name"] = Device(0).soc_name
    except (AclError, OSError, ImportError) as error:
        answers["problem"] = str(error)
    return answers
