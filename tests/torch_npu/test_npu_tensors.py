# SPDX-License-Identifier: Apache-2.0
"""torch_npu's tensors in this package's own functions; the checks are in npu_tensors_program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from npu_process import assert_passed, run_checks

PROGRAM = Path(__file__).parent / "npu_tensors_program.py"
CHECKS = re.findall(r"^@check\ndef (\w+)\(", PROGRAM.read_text(), re.MULTILINE)
RANKS = 2


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_checks(PROGRAM, tmp_path_factory.mktemp("outcome"))


@pytest.mark.parametrize("check", CHECKS)
def test_npu_tensors(outcome: Path, check: str) -> None:
    assert_passed(outcome, check, RANKS)
