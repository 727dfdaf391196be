# SPDX-License-Identifier: Apache-2.0
"""Three ranks, of which rank 2 fails; the others write down what they catch, after how long.

Run by test_distributed: ``python failing_rank_program.py FOLDER HOW...``, with new ranks for each
way to fail. They write FOLDER/<how>/<rank>, and rank 2 FOLDER/<how>/pid.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from npu_ranks import run_ranks

RANKS = 3

# torch_npu's watchdog takes a process down within a second of a failure, whatever it does with it.
NO_WATCHDOG = {"TORCH_HCCL_ASYNC_ERROR_HANDLING": "0"}
SETTINGS = {
    "killed": NO_WATCHDOG,
    "absent": {**NO_WATCHDOG, "HCCL_EXEC_TIMEOUT": "3"},
    "killed_sender": NO_WATCHDOG,
    "killed_unnoticed": {},
    "different": NO_WATCHDOG,
    "ended": {},
}


def fail(rank: int, how: str, folder: Path) -> None:
    """Do what `how` says rank 2 does instead of the collective."""
    (folder / "pid").write_text(str(os.getpid()))
    time.sleep(1)  # the others are waiting by now
    if how == "absent":
        while not all((folder / str(other)).exists() for other in (0, 1)):
            time.sleep(0.1)
    elif how == "different":
        dist.all_reduce(torch.empty(5, device="npu"))
        torch.npu.synchronize()
    elif how.startswith("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(0)  # without leaving its groups


def meet(rank: int, how: str) -> None:
    """Do what waits for rank 2."""
    if how == "ended":
        time.sleep(4)  # torch_npu's watchdog looks every second
        return
    if how == "killed_sender":
        if rank == 1:
            dist.recv(torch.empty(4, device="npu"), 2)
            torch.npu.synchronize()
        return
    dist.all_reduce(torch.empty(4, device="npu"))
    if how == "killed_unnoticed":
        time.sleep(30)
    torch.npu.synchronize()


def rank_main(rank: int, folder: Path, how: str) -> None:
    # Once well, so that all communicators are there.
    dist.all_reduce(torch.ones(4).npu())
    if rank == 2:
        dist.send(torch.ones(4).npu(), 1)
    elif rank == 1:
        dist.recv(torch.empty(4, device="npu"), 2)
    torch.npu.synchronize()
    if rank == 2:
        fail(rank, how, folder)
    start = time.monotonic()
    try:
        meet(rank, how)
        told = "0 nothing"
    except Exception as caught:
        told = f"{time.monotonic() - start:.1f} {caught}"
    (folder / str(rank)).write_text(told)
    os._exit(0)


def run(folder: Path, how: str) -> None:
    folder.mkdir()
    before = dict(os.environ)
    os.environ.update(SETTINGS[how])
    # Ranks that fail are what it is about.
    with contextlib.suppress(SystemExit):
        run_ranks(RANKS, rank_main, folder, how)
    os.environ.clear()
    os.environ.update(before)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        run(Path(sys.argv[1]) / name, name)
