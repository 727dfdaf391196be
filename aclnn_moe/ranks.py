# SPDX-License-Identifier: Apache-2.0
"""The processes of one launch, as their parent sees them."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing import connection as mp_connection
from multiprocessing import spawn as mp_spawn
from typing import Any

from aclnn_moe import rank_process
from aclnn_moe.launch import LaunchError
from aclnn_moe.rank_process import Failure

# How long a rank that failed because of another one keeps the caller waiting for that other one.
_CAUSE_SECONDS = 2.0
_TERMINATE_SECONDS = 1.0
_EXIT_SECONDS = 10.0
# A dead rank closes its pipe; this catches one whose own children hold the pipe open.
_POLL_SECONDS = 0.2


@dataclass
class _Rank:
    """One process, and what it has said so far."""

    process: subprocess.Popen[bytes]
    connection: Any
    done: bool = False
    result: bytes = b""
    failure: Failure | None = None
    open: bool = True


class Ranks:
    """The processes of one launch."""

    def __init__(self, size: int, task: bytes) -> None:
        self._size = size
        self._task = task
        self._ranks: list[_Rank] = []
        self._root: bytes | None = None

    def start(self) -> None:
        """Start every rank."""
        task_fd = os.memfd_create("aclnn_moe_task", os.MFD_CLOEXEC)
        try:
            with io.FileIO(task_fd, "w", closefd=False) as file:
                view = memoryview(self._task)
                while view:
                    view = view[file.write(view) or 0 :]
            self._task = b""
            environ = dict(os.environ)
            environ["ACLNN_MOE_HOST_DEVICES"] = str(
                max(self._size, _whole(environ.get("ACLNN_MOE_HOST_DEVICES", "")))
            )
            for rank in range(self._size):
                self._ranks.append(self._start(rank, task_fd, environ))
        finally:
            os.close(task_fd)

    def _start(self, rank: int, task_fd: int, environ: dict[str, str]) -> _Rank:
        ours, theirs = Pipe()
        with theirs:
            numbers = (rank, self._size, task_fd, theirs.fileno(), os.getpid())
            code = (
                f"import sys; sys.path[:] = {sys.path!r}; from aclnn_moe import rank_process; "
                f"rank_process.main{numbers}"
            )
            process = subprocess.Popen(
                [*_interpreter(), "-c", code],
                stdin=subprocess.DEVNULL,
                env=environ,
                pass_fds=(task_fd, theirs.fileno()),
            )
        return _Rank(process, ours)

    def results(self, deadline: float | None, timeout: float | None) -> list[Any]:
        """Wait for every rank, and return what they returned."""
        while not all(rank.done for rank in self._ranks):
            self._listen(deadline)
            if any(rank.failure for rank in self._ranks):
                raise self._error()
            if deadline is not None and time.monotonic() >= deadline:
                waiting = [i for i, rank in enumerate(self._ranks) if not rank.done]
                raise TimeoutError(
                    f"launch: rank{'s' if len(waiting) > 1 else ''} "
                    f"{', '.join(map(str, waiting))} of {self._size} not done after {timeout:g} s"
                )
        results = []
        for i, rank in enumerate(self._ranks):
            try:
                results.append(pickle.loads(rank.result))
            except Exception as error:
                raise LaunchError(
                    i, f"returned what cannot be unpickled: {type(error).__name__}: {error}"
                ) from error
            rank.result = b""
        self._await_exits()
        return results

    def end(self) -> None:
        """End every process that still runs, and close all pipes."""
        running = [rank.process for rank in self._ranks if rank.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _TERMINATE_SECONDS
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for rank in self._ranks:
            rank.connection.close()

    def _listen(self, deadline: float | None) -> None:
        """Take in what the ranks say next, or that they died."""
        seconds = _POLL_SECONDS
        if deadline is not None:
            seconds = min(seconds, max(0.0, deadline - time.monotonic()))
        open_ranks = {rank.connection: rank for rank in self._ranks if rank.open}
        for ready in mp_connection.wait(list(open_ranks), seconds):
            self._take(open_ranks[ready])
        for rank in self._ranks:
            if not rank.done and not rank.failure and rank.process.poll() is not None:
                while rank.open:  # what it said before it died
                    self._take(rank)
                if not rank.done and not rank.failure:
                    rank.failure = _death(rank.process.returncode, "before it returned")

    def _take(self, rank: _Rank) -> None:
        try:
            if not rank.connection.poll(0) and rank.process.poll() is not None:
                raise EOFError
            kind, value = rank.connection.recv()
        except (EOFError, OSError):
            rank.open = False
            if not rank.done and not rank.failure:
                _exit_status(rank.process)
            return
        if kind == rank_process.ROOT_INFO:
            for other in self._ranks:
                if other is not rank:
                    try:
                        other.connection.send(value)
                    except OSError:
                        continue  # its death is noticed where all deaths are
        elif kind == rank_process.RESULT:
            rank.done, rank.result = True, value
        else:
            rank.failure = value

    def _error(self) -> LaunchError:
        """Find the rank to blame, giving it a moment to speak if only its victims have."""
        deadline = time.monotonic() + _CAUSE_SECONDS
        while time.monotonic() < deadline and all(
            rank.failure.because_of_peer for rank in self._ranks if rank.failure
        ):
            if all(rank.done or rank.failure for rank in self._ranks):
                break
            self._listen(deadline)
        failed = [(rank.failure, i) for i, rank in enumerate(self._ranks) if rank.failure]
        failed.sort(key=lambda each: (each[0].because_of_peer, each[0].time))
        (first, rank), *others = failed
        cause = None
        if first.exception:
            try:
                cause = pickle.loads(first.exception)
            except Exception:
                cause = None  # its text is there in any case
        return LaunchError(
            rank,
            first.reason,
            traceback=first.traceback,
            cause=cause,
            others=sorted((other, failure.reason.splitlines()[0]) for failure, other in others),
        )

    def _await_exits(self) -> None:
        """Wait until the processes have gone; one that crashes on its way out has failed."""
        deadline = time.monotonic() + _EXIT_SECONDS
        for i, rank in enumerate(self._ranks):
            try:
                status = rank.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue  # a thread of the function holds it; end() takes care
            if status < 0:
                raise LaunchError(i, _death(status, "after it returned").reason)


def _exit_status(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that has closed its pipe."""
    try:
        process.wait(_TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # it can say nothing any more
        process.wait()


def _death(status: int, when: str) -> Failure:
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = "unknown"
        return Failure(f"was killed by signal {-status} ({name}) {when}", time=time.monotonic())
    return Failure(f"ended with exit status {status} {when}", time=time.monotonic())


def _interpreter() -> list[str]:
    """Python as it was started here, with its options."""
    command = mp_spawn.get_command_line()
    return command[: command.index("-c")] if "-c" in command else command[:1]


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0
