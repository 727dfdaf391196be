# SPDX-License-Identifier: Apache-2.0
"""Operator packages that torch_npu does not find or skips, and that the doctor names beforehand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import aclnn_moe
from aclnn_moe import cli
from aclnn_moe._ffi import discovery, vendors

PACKAGE = Path("opp") / "vendors" / "aclnn_moe"
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("ASCEND_", "ACLNN_MOE_", "TORCH_", "LD_LIBRARY_PATH"))
}
COMBINE = """
import torch
import torch_npu
bf16 = torch.bfloat16
torch_npu.npu_moe_distribute_combine_add_rms_norm(
    expand_x=torch.zeros(16, 1024, dtype=bf16).npu(),
    expert_ids=torch.zeros(4, 2, dtype=torch.int32).npu(),
    expand_idx=torch.zeros(16 * 128, dtype=torch.int32).npu(),
    ep_send_counts=torch.zeros(4, dtype=torch.int32).npu(),
    expert_scales=torch.zeros(4, 2).npu(),
    residual_x=torch.zeros(4, 1, 1024, dtype=bf16).npu(),
    gamma=torch.ones(1024, dtype=bf16).npu(),
    group_ep="nobody", ep_world_size=2, ep_rank_id=0, moe_expert_num=4)
"""
MISSING = (
    "aclnnMoeDistributeCombineAddRmsNorm or aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize "
    "not in libopapi.so, or libopapi.so not found."
)


def combine(**variables: object) -> str:
    environ = {**CLEAN, **{name: str(value) for name, value in variables.items()}}
    done = subprocess.run(
        [sys.executable, "-c", COMBINE],
        capture_output=True,
        text=True,
        timeout=240,
        env={**environ, **cli.environment(environ)},
    )
    return done.stderr


def test_package_that_torch_npu_does_not_find(tmp_path: Path) -> None:
    assert MISSING in combine(ASCEND_OPP_PATH=tmp_path)
    report = aclnn_moe.doctor(environ={**CLEAN, "ASCEND_OPP_PATH": str(tmp_path)})
    assert any(
        text.endswith("remedy: unset ASCEND_OPP_PATH, which names the operators of another home")
        for text in report.problems
    )


def test_package_of_this_home_is_found_by_torch_npu() -> None:
    said = combine()
    assert MISSING not in said
    assert "has no communicator 'nobody'" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_package_of_another_user_is_skipped_by_torch_npu_too(tmp_path: Path) -> None:
    home = shutil.copytree(discovery.find(CLEAN).home, tmp_path / "home")
    library = home / PACKAGE / vendors.LIBRARY
    os.chown(library, 4711, 4711)
    said = combine(ASCEND_OPP_PATH=tmp_path, ASCEND_CUSTOM_OPP_PATH=home / PACKAGE)
    assert f"The {library} owner does not match current owner" in said
    assert MISSING in said
    report = aclnn_moe.doctor(environ={**CLEAN, "ASCEND_CUSTOM_OPP_PATH": str(home / PACKAGE)})
    text = f"{library}: skipped: {library} belongs to user 4711 while this process runs as root"
    assert any(warning.startswith(text) for warning in report.warnings)
