# SPDX-License-Identifier: Apache-2.0
"""torch.distributed with backend "hccl", through torch_npu's ProcessGroupHCCL, on every type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from npu_process import assert_passed, run_checks, run_file

PROGRAM = Path(__file__).parent / "distributed_program.py"
FAILING = Path(__file__).parent / "failing_rank_program.py"
RANKS = 4

# torch_npu does these with messages in a group, and gather not at all otherwise.
COMPATIBLE = ("gather", "gathered_objects", "scatter", "all_to_all_list")
CHECKS = tuple(re.findall(r"^def check_(\w+)\(", PROGRAM.read_text(), re.MULTILINE))
DEFAULT = tuple(name for name in CHECKS if name not in ("gather", "gathered_objects"))

NO_HANG = {"HCCL_EXEC_TIMEOUT": "60", "HCCL_CONNECT_TIMEOUT": "60"}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_checks(PROGRAM, tmp_path_factory.mktemp("default"), *DEFAULT, **NO_HANG)


@pytest.fixture(scope="module")
def compatible_outcome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compatible")
    return run_checks(PROGRAM, folder, *COMPATIBLE, **NO_HANG, TORCH_NPU_USE_COMPATIBLE_IMPL="1")


@pytest.mark.parametrize("name", DEFAULT)
def test_ranks_agree_with_the_cpu(outcome: Path, name: str) -> None:
    assert_passed(outcome, name, RANKS)


@pytest.mark.parametrize("name", COMPATIBLE)
def test_ranks_agree_with_the_cpu_by_messages(compatible_outcome: Path, name: str) -> None:
    assert_passed(compatible_outcome, name, RANKS)


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run three ranks for each way in which rank 2 fails."""
    folder = tmp_path_factory.mktemp("failures")
    ran = run_file(FAILING, str(folder), *WAYS, **NO_HANG)
    (folder / "printed").write_text(ran.stdout + ran.stderr)
    return folder


WAYS = ("killed", "absent", "killed_sender", "killed_unnoticed", "different", "ended")


def pid(folder: Path) -> str:
    return (folder / "pid").read_text()


def caught(folder: Path) -> dict[int, str]:
    """Give what ranks 0 and 1 caught, after how many seconds."""
    return {rank: (folder / str(rank)).read_text() for rank in (0, 1)}


def test_a_rank_killed_in_a_collective_is_named_by_the_others(failures: Path) -> None:
    folder = failures / "killed"
    for rank, text in caught(folder).items():
        assert f"rank {rank}: rank 2 (pid {pid(folder)}) is dead" in text
        assert float(text.split()[0]) < 10  # seconds, of the 60 that a rank has to come


def test_a_rank_that_does_not_come_is_named_after_the_timeout(failures: Path) -> None:
    folder = failures / "absent"
    for rank, text in caught(folder).items():
        assert f"rank {rank}: rank 2 (pid {pid(folder)}) did not arrive within 3 s" in text
        assert 2.5 < float(text.split()[0]) < 15


def test_a_rank_killed_while_another_receives_is_named(failures: Path) -> None:
    folder = failures / "killed_sender"
    assert f"(pid {pid(folder)}) is dead" in caught(folder)[1]
    assert "HcclRecv" in caught(folder)[1]
    assert caught(folder)[0] == "0 nothing"


def test_the_watchdog_of_torch_npu_names_a_killed_rank(failures: Path) -> None:
    folder = failures / "killed_unnoticed"
    for rank in (0, 1):
        named = f"rank {rank}: rank 2 (pid {pid(folder)}) is dead"
        assert named in (failures / "printed").read_text()
        assert not (folder / str(rank)).exists()


def test_different_sizes_fail_on_every_rank_with_both(failures: Path) -> None:
    for text in caught(failures / "different").values():
        assert "count=4" in text
        assert "count=5" in text


def test_ranks_that_end_one_after_the_other_disturb_no_one(failures: Path) -> None:
    assert caught(failures / "ended") == {0: "0 nothing", 1: "0 nothing"}
