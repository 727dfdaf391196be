# SPDX-License-Identifier: Apache-2.0
"""torch_npu and aclnn_moe in one process: either may come first, and both use one set of libraries.

Runs in processes of its own, without the variables that `aclnn-moe run` gave this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import aclnn_moe
from aclnn_moe import cli
from aclnn_moe._ffi import discovery

CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("ASCEND_", "ACLNN_MOE_", "TORCH_", "LD_LIBRARY_PATH"))
}
BOTH = """
import warnings
import {order}
import torch
x = torch.arange(6, dtype=torch.int32).npu()
assert x.cpu().tolist() == [0, 1, 2, 3, 4, 5]
print(torch.npu.device_count(), aclnn_moe.Device.count())
from aclnn_moe._ffi import installation, mapped
print(installation().home)
print([len(paths) for paths in mapped.mapped_libraries().values()])
"""


def python(code: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, env=environ
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def home() -> Path:
    return discovery.find(CLEAN).home


@pytest.mark.parametrize("order", ["aclnn_moe, torch_npu", "torch_npu, aclnn_moe"])
def test_either_import_comes_first_by_aclnn_moe_run(order: str, home: Path) -> None:
    done = python(BOTH.format(order=order), {**CLEAN, **cli.environment(CLEAN)})
    assert done.stdout.splitlines() == ["16 16", str(home), "[1, 1, 1, 1]"], done.stderr
    assert "RuntimeWarning" not in done.stderr


def test_aclnn_moe_uses_the_home_that_torch_npu_has_loaded(home: Path, tmp_path: Path) -> None:
    other = shutil.copytree(home, tmp_path / "home")
    environ = {**CLEAN, "LD_LIBRARY_PATH": str(other / "lib64")}
    done = python(BOTH.format(order="torch_npu, aclnn_moe"), environ)
    assert done.stdout.splitlines()[-3:] == ["16 16", str(other), "[1, 1, 1, 1]"], done.stderr
    assert f"this process had loaded the host device at {other} before aclnn_moe" in done.stderr


def test_torch_without_libraries_fails_as_the_doctor_says() -> None:
    done = python("import torch", CLEAN)
    assert done.returncode == 1
    assert last_line(done) == (
        "RuntimeError: Failed to load the backend extension: torch_npu. You can disable extension "
        "auto-loading with TORCH_DEVICE_BACKEND_AUTOLOAD=0."
    )
    assert "libhccl.so: cannot open shared object file" in done.stderr
    off = {**CLEAN, "TORCH_DEVICE_BACKEND_AUTOLOAD": "0"}
    assert python("import torch; print(int(torch.ones(2).sum()))", off).stdout == "2\n"
    said = aclnn_moe.doctor(environ=CLEAN).warnings
    assert [each for each in said if "`import torch` fails, for it loads torch_npu" in each]
    assert not aclnn_moe.doctor(environ={**CLEAN, **cli.environment(CLEAN)}).warnings


def test_aclnn_moe_alone_does_not_make_torch_npu_importable() -> None:
    done = python("import aclnn_moe; aclnn_moe.init(); import torch_npu", CLEAN)
    assert done.returncode == 1
    assert last_line(done).startswith("ImportError: libacl_op_compiler.so: cannot open shared")


def test_doctor_imports_torch_npu_in_a_process_of_its_own() -> None:
    done = python("from aclnn_moe import cli; cli.main(['doctor'])", CLEAN)
    assert "works by `aclnn-moe run -- python ...`" in done.stdout
    assert "torch_npu 2.13.0 is installed, and the loader does not find libhccl.so" in done.stdout
    assert "everything needed is here" in done.stdout
