# SPDX-License-Identifier: Apache-2.0
"""The native tests, each by its name and in a process of its own.

``ACLNN_MOE_NATIVE_TESTS`` names the folder of their programs, ``<build>/tests_native``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

FOLDER_VARIABLE = "ACLNN_MOE_NATIVE_TESTS"
# The slowest test takes seconds; sanitizers make it ten times slower.
TIMEOUT_SECONDS = 300
# Programs that run the operator: on the Ascend C kernel too, with all checks. Few cores, as
# sanitizers make them slow; the tests in Python have all 48.
OPERATOR_PROGRAMS = ("test_op_combine", "test_op_features", "test_op_threads")
ON_ASCEND_C = {
    "ACLNN_MOE_HOST_KERNEL": "ascend910_93",
    "ACLNN_MOE_HOST_KERNEL_CHECK": "1",
    "ACLNN_MOE_HOST_KERNEL_CORES": "6",
}


def native_programs() -> list[Path]:
    """Give the test programs, sorted by name; none when the variable is unset."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return []
    programs = sorted(p for p in Path(folder).glob("test_*") if os.access(p, os.X_OK))
    if not programs:
        message = f"{FOLDER_VARIABLE} is {folder!r}, where no test program is; build them first"
        raise FileNotFoundError(message)
    return programs


def native_tests() -> list[object]:
    """Give one parameter for each test of each program."""
    parameters: list[object] = []
    for program in native_programs():
        listed = subprocess.run(
            [program, "--list"], capture_output=True, text=True, timeout=60, check=True
        )
        for name in listed.stdout.split():
            parameters.append(pytest.param(program, name, {}, id=f"{program.name}:{name}"))
            if program.name in OPERATOR_PROGRAMS:
                on_ascend_c = f"{program.name}:{name}:ascend910_93"
                parameters.append(pytest.param(program, name, ON_ASCEND_C, id=on_ascend_c))
    if parameters:
        return parameters
    reason = f"{FOLDER_VARIABLE} is not set: no native tests were built"
    return [pytest.param(Path(), "", {}, id="native", marks=pytest.mark.skip(reason=reason))]


@pytest.mark.parametrize(("program", "name", "variables"), native_tests())
def test_native(program: Path, name: str, variables: dict[str, str]) -> None:
    """One native test passes."""
    # A sanitizer opens libraries in a program's stead, and does not know the program's RPATH.
    libraries = program.parent.parent / "home" / "lib64"
    run = subprocess.run(
        [program, name],
        env=os.environ | {"LD_LIBRARY_PATH": str(libraries)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert run.returncode == 0, f"exit status {run.returncode}\n{run.stdout}"
    assert f"PASS {name}" in run.stdout
