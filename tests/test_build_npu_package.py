# SPDX-License-Identifier: Apache-2.0
"""build_scripts/build_npu_package.sh where it cannot build: no machine here has a CANN toolkit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "build_scripts" / "build_npu_package.sh"
MODULE = "compiler/tikcpp/ascendc_kernel_cmake/asc-config.cmake"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="not in a checkout of the project")


def build(*arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with ASCEND_HOME_PATH unset."""
    environment = {k: v for k, v in os.environ.items() if k != "ASCEND_HOME_PATH"}
    return subprocess.run(
        ["bash", SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def test_build_npu_package_says_that_there_is_no_toolkit(tmp_path: Path) -> None:
    run = build(tmp_path)
    assert run.returncode == 1
    assert run.stderr == (
        "no CANN toolkit: source its set_env.sh, which sets ASCEND_HOME_PATH, or give its folder\n"
    )


def test_build_npu_package_says_what_a_toolkit_lacks(tmp_path: Path) -> None:
    toolkit = tmp_path / "toolkit"
    toolkit.mkdir()
    run = build(tmp_path, toolkit)
    assert run.returncode == 1
    assert run.stderr == (
        f"{toolkit} is no CANN toolkit that builds operators by find_package(ASC): "
        f"{toolkit}/{MODULE} is missing; install a later toolkit (that of CANN 8.1 has none)\n"
    )
    assert list(tmp_path.iterdir()) == [toolkit]


def test_build_npu_package_wants_a_folder() -> None:
    run = build()
    assert run.returncode == 2
    assert run.stderr == "want build_npu_package.sh FOLDER [TOOLKIT]\n"
