# SPDX-License-Identifier: Apache-2.0
"""torch.distributed with backend "hccl", through torch_npu's ProcessGroupHCCL, on every type."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "distributed_program.py"
FAILING = Path(__file__).parent / "failing_rank_program.py"
RANKS = 4

# torch_npu does these with messages in a group, and gather not at all otherwise.
COMPATIBLE = ("gather", "gathered_objects", "scatter", "all_to_all_list")
CHECKS = tuple(re.findall(r"^def check_(\w+)\(", PROGRAM.read_text(), re.MULTILINE))
DEFAULT = tuple(name for name in CHECKS if name not in ("gather", "gathered_objects"))

NO_HANG = {"HCCL_EXEC_TIMEOUT": "60", "HCCL_CONNECT_TIMEOUT": "60"}


def run_checks(folder: Path, names: Iterable[str], **environment: str) -> Path:
    """Run checks on one set of ranks, since their start takes most of the time."""
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), *names],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, **NO_HANG, **environment},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def told(folder: Path, name: str) -> dict[int, str]:
    return {rank: (folder / f"{name}-{rank}").read_text() for rank in range(RANKS)}


ALL_PASSED = dict.fromkeys(range(RANKS), "")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_checks(tmp_path_factory.mktemp("default"), DEFAULT)


@pytest.fixture(scope="module")
def compatible_outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compatible")
    return run_checks(folder, COMPATIBLE, TORCH_NPU_USE_COMPATIBLE_IMPL="1")


@pytest.mark.parametrize("name", DEFAULT)
def test_ranks_agree_with_the_cpu(outcome: Path, name: str) -> None:
    assert told(outcome, name) == ALL_PASSED


@pytest.mark.parametrize("name", COMPATIBLE)
def test_ranks_agree_with_the_cpu_by_messages(compatible_outcome: Path, name: str) -> None:
    assert told(compatible_outcome, name) == ALL_PASSED


def run_failing(folder: Path, how: str, **environment: str) -> dict[int, str]:
    """Run three ranks, of which rank 2 fails as `how` says; give what the others caught."""
    subprocess.run(
        [sys.executable, str(FAILING), str(folder), how],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **NO_HANG, **environment},
    )
    return {rank: (folder / str(rank)).read_text() for rank in (0, 1)}


def test_a_rank_killed_in_a_collective_is_named_by_the_others(tmp_path: Path) -> None:
    for rank, text in run_failing(tmp_path, "killed").items():
        pid = (tmp_path / "pid").read_text()
        assert f"rank {rank}: rank 2 (pid {pid}) is dead" in text
        assert float(text.split()[0]) < 10  # seconds, of the 60 that a rank has to come


def test_a_rank_that_does_not_come_is_named_after_the_timeout(tmp_path: Path) -> None:
    caught = run_failing(tmp_path, "absent", HCCL_EXEC_TIMEOUT="3")
    for rank, text in caught.items():
        pid = (tmp_path / "pid").read_text()
        assert f"rank {rank}: rank 2 (pid {pid}) did not arrive within 3 s" in text
        assert float(text.split()[0]) < 15


def test_a_rank_killed_while_another_receives_is_named(tmp_path: Path) -> None:
    caught = run_failing(tmp_path, "killed_sender")
    pid = (tmp_path / "pid").read_text()
    assert f"(pid {pid}) is dead" in caught[1]
    assert "HcclRecv" in caught[1]
    assert caught[0] == "0 nothing"


def test_different_sizes_fail_on_every_rank_with_both(tmp_path: Path) -> None:
    for text in run_failing(tmp_path, "different").values():
        assert "count=4" in text
        assert "count=5" in text


def test_ranks_that_end_one_after_the_other_disturb_no_one(tmp_path: Path) -> None:
    assert run_failing(tmp_path, "ended") == {0: "0 nothing", 1: "0 nothing"}
