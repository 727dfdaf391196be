# SPDX-License-Identifier: Apache-2.0
"""torch_npu's MoE functions, through torch_npu's own code, against the reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from npu_process import assert_passed, run_checks
from test_operators_whole import CASES

PROGRAM = Path(__file__).parent / "moe_program.py"
RANKS = 6


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_checks(PROGRAM, tmp_path_factory.mktemp("outcome"))


@pytest.mark.parametrize("name", CASES)
def test_torch_npu_agrees_with_the_reference(outcome: Path, name: str) -> None:
    assert_passed(outcome, str(list(CASES).index(name)), RANKS)
