# SPDX-License-Identifier: Apache-2.0
"""Start and end of processes that use torch_npu."""

from __future__ import annotations

import pytest
from npu_process import run_program

# torch_npu's own, on any Atlas A3, when it first allocates.
PADDING = "Warning: The current CANN and Soc versions require processing for 32 padding size"

USE = """
import torch, torch_npu
there = torch.arange(1000).npu()
assert there.cpu().sum() == 499500
"""


def noise(text: str) -> list[str]:
    """Lines of standard error that are not torch_npu's own remark."""
    return [line for line in text.splitlines() if PADDING not in line]


def test_import_says_nothing() -> None:
    ran = run_program("import torch, torch_npu")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_torch_alone_brings_torch_npu_in() -> None:
    ran = run_program("import torch; print(torch.npu.device_count(), torch.ones(2).npu().device)")
    assert (ran.returncode, ran.stdout, noise(ran.stderr)) == (0, "16 npu:0\n", [])


def test_a_process_ends_silently() -> None:
    ran = run_program(USE)
    assert (ran.returncode, ran.stdout, noise(ran.stderr)) == (0, "", [])


def test_a_process_ends_with_work_queued() -> None:
    ran = run_program(
        USE
        + """
large = torch.ones(1 << 22).npu()
for stream in [torch.npu.Stream() for _ in range(4)]:
    with torch.npu.stream(stream):
        for _ in range(20):
            torch.empty_like(large).copy_(large, non_blocking=True)
"""
    )
    assert (ran.returncode, noise(ran.stderr)) == (0, [])


def test_a_process_ends_by_an_exception() -> None:
    ran = run_program(USE + "raise ValueError('of the program')")
    assert ran.returncode == 1
    assert "ValueError: of the program" in ran.stderr


def test_a_process_ends_with_its_own_status() -> None:
    ran = run_program(USE + "raise SystemExit(3)")
    assert (ran.returncode, noise(ran.stderr)) == (3, [])


def test_a_process_ends_after_another_thread_used_the_device() -> None:
    ran = run_program(
        """
import threading, torch
thread = threading.Thread(target=lambda: torch.ones(3).to("npu:2"))
thread.start()
thread.join()
"""
    )
    assert (ran.returncode, noise(ran.stderr)) == (0, [])


MODES = [
    {"TASK_QUEUE_ENABLE": "0"},
    {"TASK_QUEUE_ENABLE": "1"},
    {"TASK_QUEUE_ENABLE": "2"},
    {"ASCEND_LAUNCH_BLOCKING": "1"},
]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: "=".join(next(iter(mode.items()))))
def test_every_way_to_launch_works_and_names_a_missing_operator(mode: dict[str, str]) -> None:
    ran = run_program(
        USE
        + """
stream = torch.npu.Stream()
with torch.npu.stream(stream):
    copied = torch.empty_like(there)
    copied.copy_(there)
stream.synchronize()
assert copied.cpu().equal(torch.arange(1000))
assert there.to("npu:1").cpu().equal(torch.arange(1000))
try:
    given = torch.ones(4, 4).npu()
    torch_npu.npu_iou(given, given)
    torch.npu.synchronize()
except RuntimeError as error:
    print("operator 'Iou'" in str(error))
""",
        **mode,
    )
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr


PROCESSES = """
import sys
import torch, torch_npu
from torch.multiprocessing import get_context

def work(rank):
    torch.npu.set_device(rank)
    there = torch.full((10,), rank).npu()
    assert there.device.index == rank
    assert there.cpu().tolist() == [rank] * 10
    sys.stdout.write(f"rank {rank}\\n")  # in one piece, whatever others write
    sys.stdout.flush()

if __name__ == "__main__":
    context = get_context(sys.argv[1])
    ranks = [context.Process(target=work, args=(rank,)) for rank in range(int(sys.argv[2]))]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
    print(sorted({rank.exitcode for rank in ranks}))
"""


@pytest.mark.parametrize(("method", "count"), [("fork", 16), ("spawn", 2)])
def test_processes_have_a_device_each(
    tmp_path_factory: pytest.TempPathFactory, method: str, count: int
) -> None:
    # Spawned processes read the program again, so it is a file.
    program = tmp_path_factory.mktemp("processes") / "program.py"
    program.write_text(PROCESSES)
    ran = run_program(
        f"import runpy, sys; sys.argv = [{str(program)!r}, {method!r}, '{count}']; "
        f"runpy.run_path({str(program)!r}, run_name='__main__')"
    )
    lines = ran.stdout.split("\n")
    assert ran.returncode == 0, ran.stderr
    assert sorted(lines) == sorted(["", "[0]", *(f"rank {rank}" for rank in range(count))])
    assert noise(ran.stderr) == []


def test_a_fork_after_use_is_refused_by_torch_npu() -> None:
    ran = run_program(
        USE
        + """
from torch.multiprocessing import get_context
child = get_context("fork").Process(target=lambda: torch.npu.set_device(1))
child.start()
child.join()
print(child.exitcode)
"""
    )
    assert (ran.returncode, ran.stdout) == (0, "1\n")
    assert "Cannot re-initialize NPU in forked subprocess" in ran.stderr
