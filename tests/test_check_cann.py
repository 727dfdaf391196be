# SPDX-License-Identifier: Apache-2.0
"""build_scripts/check_cann.sh, without a CANN toolkit: made-up ones take its place."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SCRIPT = PROJECT / "build_scripts" / "check_cann.sh"
DEFINITION = "include/register/op_def_registry.h"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="not in a checkout of the project")


def check(*arguments: Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the script with ASCEND_HOME_PATH at ``home``, or unset."""
    environment = {k: v for k, v in os.environ.items() if k != "ASCEND_HOME_PATH"}
    if home is not None:
        environment["ASCEND_HOME_PATH"] = str(home)
    return subprocess.run(
        ["bash", SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=600
    )


def test_check_cann_is_skipped_by_name_without_a_toolkit() -> None:
    run = check()
    assert run.returncode == 0
    assert run.stdout == (
        "skipped: no CANN toolkit (ASCEND_HOME_PATH is not set, and no folder is given)\n"
    )


def test_check_cann_is_skipped_by_name_where_only_programs_run(tmp_path: Path) -> None:
    (tmp_path / "lib64").mkdir()
    run = check(home=tmp_path)
    assert run.returncode == 0
    assert run.stdout == (
        f"skipped: no CANN toolkit ({tmp_path} runs programs, but has no {DEFINITION})\n"
    )


def test_check_cann_refuses_a_folder_that_is_no_toolkit(tmp_path: Path) -> None:
    run = check(tmp_path)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == f"{tmp_path} is no CANN toolkit: it has no {DEFINITION}\n"


def test_check_cann_refuses_a_home_that_is_not_there(tmp_path: Path) -> None:
    run = check(home=tmp_path / "gone")
    assert run.returncode == 1
    assert run.stderr == f"ASCEND_HOME_PATH is {tmp_path / 'gone'}, which is no folder\n"


def test_check_cann_says_which_files_do_not_compile(tmp_path: Path) -> None:
    """The host device's headers do for op_api; the others meet a header that is broken."""
    shutil.copytree(PROJECT / "host_device" / "include", tmp_path / "include")
    broken = tmp_path / DEFINITION
    broken.parent.mkdir()
    broken.write_text('#error "broken on purpose"\n')
    run = check(tmp_path)
    verdicts = dict(
        reversed(line.split(maxsplit=1))
        for line in run.stdout.splitlines()
        if line.startswith(("ok", "FAILED"))
    )
    assert run.returncode == 1
    assert verdicts["op_api/combine_call.cpp"] == "ok"
    assert verdicts["op_api/tensor_reader.cpp"] == "ok"
    assert verdicts["op_host/tiling_call.cpp"] == "FAILED"
    assert verdicts["op_host/hccl_buffer_size.cpp"] == "ok"
    kernel = "op_kernel/ascend910_93/moe_distribute_combine_add_rms_norm.cpp"
    assert verdicts[kernel] == "FAILED"
    assert "broken on purpose" in run.stdout
    failed = sum(verdict == "FAILED" for verdict in verdicts.values())
    assert run.stderr == f"{failed} of {len(verdicts)} do not compile against {tmp_path}\n"
