# SPDX-License-Identifier: Apache-2.0
"""launch: results in rank order, and what happens when a rank does not give one."""

from __future__ import annotations

import functools
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import rank_functions

from aclnn_moe import LaunchError, launch


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pids_in(folder: Path) -> list[int]:
    return [int(file.read_text()) for file in folder.iterdir()]


def wait_until_gone(pids: list[int], seconds: float = 5.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [pid for pid in pids if alive(pid)]


def run_script(tmp_path: Path, text: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(text))
    return subprocess.run(
        [sys.executable, str(script)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("size", [1, 2, 5])
def test_launch_returns_results_in_rank_order(size: int) -> None:
    assert launch(rank_functions.place, size) == [(r, size, r, r, size) for r in range(size)]


def test_launch_hands_the_arguments_to_every_rank() -> None:
    assert launch(rank_functions.place, 2, ("a", {"b": 1})) == [
        (0, 2, 0, 0, 2, "a", {"b": 1}),
        (1, 2, 1, 1, 2, "a", {"b": 1}),
    ]


def test_launch_carries_large_arguments_and_results() -> None:
    data = bytes(range(256)) * 40_000
    assert launch(rank_functions.large, 3, (data,)) == [bytes([r]) + data for r in range(3)]


def test_launch_puts_all_ranks_into_one_communicator() -> None:
    first, second = launch(rank_functions.shared_name, 2)
    assert first == second != ""


def test_launch_gives_each_rank_its_own_process_and_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ACLNN_MOE_HOST_DEVICES", raising=False)
    first, second = launch(rank_functions.process, 2)
    assert len({first[0], second[0], os.getpid()}) == 3
    assert first[1] == second[1] == "2"
    assert "ACLNN_MOE_HOST_DEVICES" not in os.environ
    monkeypatch.setenv("ACLNN_MOE_HOST_DEVICES", "7")
    assert launch(rank_functions.process, 1)[0][1] == "7"


def test_launch_starts_sixteen_ranks_in_a_few_seconds() -> None:
    start = time.monotonic()
    launch(rank_functions.barrier, 16)
    # On two idle cores this takes about 3 s; the rest is for a loaded machine.
    assert time.monotonic() - start < 30


def test_launch_raises_what_a_rank_raised_and_ends_the_others() -> None:
    start = time.monotonic()
    with pytest.raises(LaunchError, match=r"^rank 2 raised ValueError: boom on 2") as caught:
        launch(rank_functions.raise_on, 4, (2,))
    assert time.monotonic() - start < 30
    assert caught.value.rank == 2
    assert "in raise_on\n" in caught.value.traceback
    assert "ValueError: boom on 2" in caught.value.traceback
    assert caught.value.traceback.strip() in str(caught.value)
    assert isinstance(caught.value.cause, ValueError)
    assert caught.value.others == []


def test_launch_error_survives_pickling() -> None:
    error = LaunchError(3, "raised X", traceback="t", others=[(1, "raised Y")])
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.rank, copy.traceback, copy.others) == (3, "t", [(1, "raised Y")])
    assert (
        str(copy) == str(error) == "rank 3 raised X\n\nt\n\nOthers that failed:\n  rank 1 raised Y"
    )


def test_launch_lists_the_others_that_failed() -> None:
    with pytest.raises(LaunchError) as caught:
        launch(rank_functions.raise_on_all, 2)
    listed = [rank for rank, _ in caught.value.others]
    assert caught.value.rank not in listed
    assert all(why == f"raised ValueError: boom on {rank}" for rank, why in caught.value.others)


def test_launch_reports_an_exception_that_does_not_pickle() -> None:
    with pytest.raises(LaunchError, match=r"^rank 0 raised Unpicklable: rank 0") as caught:
        launch(rank_functions.raise_unpicklable, 1)
    assert caught.value.cause is None
    assert "in raise_unpicklable" in caught.value.traceback


def test_launch_treats_sys_exit_as_a_failure() -> None:
    with pytest.raises(LaunchError, match="rank 0 raised SystemExit: leaving 0"):
        launch(rank_functions.raise_system_exit, 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=["SIGKILL", "SIGSEGV"])
def test_launch_blames_the_rank_that_was_killed_and_not_its_victims(number: signal.Signals) -> None:
    start = time.monotonic()
    with pytest.raises(LaunchError) as caught:
        launch(rank_functions.kill_one, 4, (1, int(number)))
    assert time.monotonic() - start < 30
    assert caught.value.rank == 1
    assert f"rank 1 was killed by signal {int(number)} ({number.name})" in str(caught.value)
    assert 1 not in [rank for rank, _ in caught.value.others]


def test_launch_blames_the_rank_that_raised_and_not_those_it_left() -> None:
    with pytest.raises(LaunchError, match="rank 2 raised ValueError: boom on 2") as caught:
        launch(rank_functions.raise_in_collective, 4, (2,))
    assert sorted(rank for rank, _ in caught.value.others) == [0, 1, 3]
    assert all("rank 2" in why and "has left" in why for _, why in caught.value.others)


def test_launch_raises_a_failure_that_the_function_did_not_wait_for() -> None:
    with pytest.raises(LaunchError, match=r"rank 0 raised AclError: .* rank 1 .* did not arrive"):
        launch(rank_functions.fail_unseen, 2, (1,))


def test_launch_names_a_rank_that_left_without_a_result() -> None:
    with pytest.raises(LaunchError, match="rank 1 ended with exit status 0 before it returned"):
        launch(rank_functions.leave_quietly, 2, (1,))


def test_launch_notices_a_death_behind_an_inherited_pipe() -> None:
    start = time.monotonic()
    with pytest.raises(LaunchError, match=r"rank 1 was killed by signal 9 \(SIGKILL\)"):
        launch(rank_functions.hold_the_pipe_and_die, 2)
    assert time.monotonic() - start < 20


def test_launch_reports_a_crash_on_the_way_out() -> None:
    with pytest.raises(LaunchError, match=r"rank 1 was killed by signal 11 .* after it returned"):
        launch(rank_functions.crash_at_exit, 2)


def test_launch_names_the_rank_whose_result_does_not_pickle() -> None:
    with pytest.raises(LaunchError, match="rank 1 raised TypeError: fn returned a lock that does"):
        launch(rank_functions.return_unpicklable, 2, (1,))


def test_launch_names_the_rank_whose_result_cannot_be_read_back() -> None:
    with pytest.raises(
        LaunchError, match=r"rank 0 returned what cannot be unpickled: .*only where"
    ):
        launch(rank_functions.return_unloadable, 1)


def test_launch_times_out_and_names_the_ranks_that_were_not_done(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="launch: ranks 0, 2 of 3 not done after 5 s"):
        launch(rank_functions.sleep_on, 3, ((0, 2), str(tmp_path)), timeout=5)
    assert 5 <= time.monotonic() - start < 30
    assert len(pids_in(tmp_path)) == 3
    assert wait_until_gone(pids_in(tmp_path)) == []


def test_launch_ends_ranks_that_ignore_sigterm(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="rank 0 raised ValueError: boom"):
        launch(rank_functions.ignore_terminate, 2, (str(tmp_path),))
    assert wait_until_gone(pids_in(tmp_path)) == []


def start_sleepers(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a launch of two ranks that sleep, in a process of its own."""
    folder = tmp_path / "pids"
    folder.mkdir()
    tests = str(Path(__file__).parent)
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {tests!r}); import rank_functions, aclnn_moe; "
            f"aclnn_moe.launch(rank_functions.sleep_on, 2, ((0, 1), {str(folder)!r}))",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len([each for each in folder.iterdir() if each.read_text()]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process, pids_in(folder)


def test_launch_ends_its_ranks_on_ctrl_c(tmp_path: Path) -> None:
    process, pids = start_sleepers(tmp_path)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert wait_until_gone(pids) == []


def test_launch_leaves_ctrl_c_to_its_own_process(tmp_path: Path) -> None:
    process, pids = start_sleepers(tmp_path)
    for pid in pids:
        os.kill(pid, signal.SIGINT)
    time.sleep(0.5)
    assert [alive(pid) for pid in pids] == [True, True]
    assert process.poll() is None
    process.kill()
    process.communicate(timeout=20)


def test_launch_leaves_no_orphans_when_its_process_is_killed(tmp_path: Path) -> None:
    process, pids = start_sleepers(tmp_path)
    process.kill()
    process.communicate(timeout=20)
    assert wait_until_gone(pids) == []


def test_launch_refuses_a_function_that_other_processes_cannot_find() -> None:
    def local(world: object) -> None:
        pass

    with pytest.raises(TypeError, match="want a module-level function"):
        launch(local, 2)
    with pytest.raises(TypeError, match=r"<lambda>, which other processes cannot find"):
        launch(lambda world: None, 2)
    with pytest.raises(TypeError, match="fn is 3: want a module-level function"):
        launch(3, 2)  # type: ignore[arg-type]


def test_launch_takes_a_partial_of_a_module_level_function() -> None:
    assert launch(functools.partial(rank_functions.large, data=b"x"), 1) == [b"\0x"]


def test_launch_refuses_arguments_that_do_not_pickle() -> None:
    with pytest.raises(TypeError, match="fn and args must pickle to reach the ranks"):
        launch(rank_functions.place, 2, (lambda: None,))


@pytest.mark.parametrize(
    ("size", "timeout", "error", "message"),
    [
        (0, None, ValueError, "world_size is 0: want at least 1"),
        (-3, None, ValueError, "world_size is -3: want at least 1"),
        (2.0, None, TypeError, "world_size is 2.0: want an int"),
        (True, None, TypeError, "world_size is True: want an int"),
        (2, 0, ValueError, "timeout is 0: want a positive number"),
        (2, float("nan"), ValueError, "timeout is nan: want a positive number"),
    ],
)
def test_launch_refuses_sizes_and_timeouts_that_make_no_sense(
    size: int, timeout: float | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        launch(rank_functions.place, size, timeout=timeout)


def test_launch_runs_functions_of_a_script(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import aclnn_moe

        SCALE = 10

        def work(world, offset):
            return world.rank * SCALE + offset

        if __name__ == "__main__":
            print(aclnn_moe.launch(work, 3, (5,)))
        """,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[5, 15, 25]\n", "")


def test_launch_keeps_standard_input_for_the_script(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import sys

        import aclnn_moe

        def work(world):
            return sys.stdin.read()

        if __name__ == "__main__":
            print(aclnn_moe.launch(work, 2), sys.stdin.read())
        """,
        typed="typed",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "['', ''] typed\n", "")


def test_launch_works_within_a_rank(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import aclnn_moe

        def inner(world, outer_rank):
            return outer_rank, world.rank

        def outer(world):
            return aclnn_moe.launch(inner, 2, (world.rank,))

        if __name__ == "__main__":
            print(aclnn_moe.launch(outer, 2))
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[[(0, 0), (0, 1)], [(1, 0), (1, 1)]]\n"


def test_launch_tells_a_script_without_a_main_guard_so(tmp_path: Path) -> None:
    start = time.monotonic()
    done = run_script(
        tmp_path,
        """
        import aclnn_moe

        def work(world):
            return world.rank

        print(aclnn_moe.launch(work, 3))
        """,
    )
    assert time.monotonic() - start < 30
    assert done.returncode == 1
    assert done.stdout == ""
    assert 'put the call under `if __name__ == "__main__":`' in done.stderr
    assert re.search(
        r"^aclnn_moe\.launch\.LaunchError: rank \d raised RuntimeError", done.stderr, re.M
    )


def test_launch_refuses_a_function_of_standard_input() -> None:
    code = "import aclnn_moe\ndef work(world): pass\naclnn_moe.launch(work, 2)\n"
    done = subprocess.run(
        [sys.executable, "-"], input=code, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "of an interactive session or of standard input" in done.stderr


def test_launch_shows_what_importing_the_script_raised(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import aclnn_moe

        if __name__ != "__main__":
            raise ImportError("no second time")

        def work(world):
            return world.rank

        aclnn_moe.launch(work, 2)
        """,
    )
    assert done.returncode == 1
    assert "raised ImportError: no second time" in done.stderr
