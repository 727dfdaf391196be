# SPDX-License-Identifier: Apache-2.0
"""What ranks run in the tests of launch: a small module, imported by every rank."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from aclnn_moe.world import World


def place(world: World, *args: object) -> tuple[Any, ...]:
    return (world.rank, world.size, world.device.id, world.group.rank, world.group.size, *args)


def shared_name(world: World) -> str:
    return world.group.name


def process(world: World) -> tuple[int, str]:
    return os.getpid(), os.environ["ACLNN_MOE_HOST_DEVICES"]


def large(world: World, data: bytes) -> bytes:
    return bytes([world.rank]) + data


def raise_on(world: World, rank: int) -> int:
    if world.rank == rank:
        raise ValueError(f"boom on {rank}")
    time.sleep(60)
    return world.rank


def raise_on_all(world: World) -> None:
    raise ValueError(f"boom on {world.rank}")


def raise_system_exit(world: World) -> None:
    sys.exit(f"leaving {world.rank}")


class Unpicklable(Exception):
    def __init__(self, rank: int) -> None:
        super().__init__(f"rank {rank}")
        self.lock = threading.Lock()


def raise_unpicklable(world: World) -> None:
    raise Unpicklable(world.rank)


def barrier(world: World) -> None:
    world.group.barrier(world.stream)
    world.stream.synchronize()


def kill_one(world: World, rank: int, number: int) -> None:
    """The rank dies by a signal while the others wait for it in a collective."""
    barrier(world)
    if world.rank == rank:
        os.kill(os.getpid(), number)
    barrier(world)


def raise_in_collective(world: World, rank: int) -> None:
    """The rank raises while the others wait for it in a collective."""
    barrier(world)
    if world.rank == rank:
        world.group.close()
        time.sleep(0.5)  # the others fail first, because this rank has left
        raise ValueError(f"boom on {rank}")
    barrier(world)


def leave_quietly(world: World, rank: int) -> None:
    if world.rank == rank:
        os._exit(0)
    time.sleep(60)


def return_unpicklable(world: World, rank: int) -> object:
    return threading.Lock() if world.rank == rank else world.rank


class UnloadableHere:
    def __reduce__(self) -> tuple[Any, ...]:
        return _load_in, (os.getpid(),)


def _load_in(pid: int) -> int:
    if pid != os.getpid():
        raise RuntimeError("only where it was made")
    return pid


def return_unloadable(world: World) -> UnloadableHere:
    return UnloadableHere()


def sleep_on(world: World, ranks: tuple[int, ...], folder: str) -> int:
    (Path(folder) / str(world.rank)).write_text(str(os.getpid()))
    if world.rank in ranks:
        time.sleep(600)
    return world.rank


def ignore_terminate(world: World, folder: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (Path(folder) / str(world.rank)).write_text(str(os.getpid()))
    if world.rank == 0:
        while len(list(Path(folder).iterdir())) < world.size:
            time.sleep(0.01)
        raise ValueError("boom")
    time.sleep(600)


def hold_the_pipe_and_die(world: World) -> None:
    """A child of the rank keeps every descriptor of it open."""
    if world.rank == 1:
        subprocess.Popen(["sleep", "30"], close_fds=False)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def crash_at_exit(world: World) -> int:
    import atexit

    if world.rank == 1:
        atexit.register(os.kill, os.getpid(), signal.SIGSEGV)
    return world.rank


def groups(world: World) -> list[tuple[Any, ...] | None]:
    """Every rank makes the same groups, among them the same twice; members meet in each."""
    made = []
    for ranks in ([0, 2], [2, 1], [0, 2]):
        group = world.new_group(ranks)
        if group is None:
            made.append(None)
            continue
        group.barrier(world.stream)
        world.stream.synchronize()
        made.append((group.rank, group.size, group.name, group.device.id, group.closed))
    return made


def fail_unseen(world: World, rank: int) -> None:
    """Work is queued that fails, and the function does not wait for it."""
    group = world.new_group(range(world.size), timeout=1)
    assert group is not None
    if world.rank != rank:
        group.barrier(world.stream)
    else:
        time.sleep(3)


def named_group(world: World, name: str) -> str | None:
    group = world.new_group(range(world.size), name=name, buffer_mb=1, timeout=30)
    assert group is not None
    group.barrier(world.stream)
    world.stream.synchronize()
    return group.name


def bad_groups(world: World) -> list[str]:
    messages = []
    for ranks in ([], [0, 0], [0, world.size], [-1]):
        try:
            world.new_group(ranks)
        except ValueError as error:
            messages.append(str(error))
    return messages


def closed_world(world: World) -> dict[str, Any]:
    group = world.new_group([world.rank])
    assert group is not None
    seen: dict[str, Any] = {"open": repr(world), "group": repr(world.group)}
    barrier(world)
    world.stream.synchronize()
    world.close()
    world.close()
    seen["closed"] = repr(world)
    seen["groups closed"] = (group.closed, world.group.closed)
    for name, call in (
        ("new_group", lambda: world.new_group([0])),
        ("barrier", lambda: world.group.barrier(0)),
        ("handle", lambda: world.group.handle),
        ("with", world.__enter__),
    ):
        try:
            call()
        except ValueError as error:
            seen[name] = str(error)
    return seen


def late(world: World, rank: int, seconds: float) -> tuple[str, str]:
    """One rank comes too late to a barrier of a communicator with a timeout of one second."""
    from aclnn_moe.errors import AclError

    group = world.new_group(range(world.size), timeout=1)
    assert group is not None
    if world.rank == rank:
        time.sleep(seconds)
        return "", ""
    group.barrier(world.stream)
    try:
        world.stream.synchronize()
    except AclError as error:
        failed = error
    return failed.name, failed.message
