# SPDX-License-Identifier: Apache-2.0
"""What a process started by `launch` does: become a rank, call the function, report."""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import os
import pickle
import re
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing import current_process
from multiprocessing import spawn as mp_spawn
from multiprocessing.connection import Connection
from typing import Any

# Kinds of message to the parent.
ROOT_INFO = "root info"
RESULT = "result"
FAILURE = "failure"

# True while a rank imports the script of its parent, where `launch` must not be called.
importing_main = False

_PR_SET_PDEATHSIG = 1

# HCCL_E_TIMEOUT, HCCL_E_REMOTE, ACL_ERROR_RT_SUSPECT_REMOTE_ERROR: another rank failed.
_PEER_STATUSES = frozenset((9, 21, 507057))
# How the host device says it, where the status is that of any failed kernel.
_PEER_TEXT = re.compile(r"rank \d+ (failed:|\(pid -?\d+\)|has gone on)")


@dataclass(frozen=True)
class Failure:
    """Why a rank failed.

    Attributes
    ----------
    reason
        What follows 'rank 3 ...' in a sentence.
    time
        When, on the clock that all processes of a machine share.
    traceback
        Text; empty where there is none.
    exception
        The exception, pickled; empty where it does not pickle.
    because_of_peer
        Whether it failed only because another rank had.
    """

    reason: str
    time: float
    traceback: str = ""
    exception: bytes = b""
    because_of_peer: bool = False


def main(rank: int, size: int, task_fd: int, connection_fd: int, parent: int) -> None:
    """Run as rank ``rank`` of ``size``; the call to make is in ``task_fd``."""
    _die_with(parent)
    # Ctrl-C reaches the whole terminal; the parent ends its ranks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    os.set_inheritable(connection_fd, False)
    connection = Connection(connection_fd)
    try:
        result = _run(rank, size, task_fd, connection)
    except BaseException as error:
        connection.send((FAILURE, _failure(error)))
        sys.stdout.flush()
        sys.stderr.flush()
        # Not a step further: peers must not see a communicator closed in order.
        os._exit(1)
    connection.send((RESULT, result))


def _run(rank: int, size: int, task_fd: int, connection: Connection) -> bytes:
    preparation, call = _read_task(task_fd)
    fn, args = _prepare(preparation, call, rank)
    from aclnn_moe.communicator import Communicator
    from aclnn_moe.runtime import Device
    from aclnn_moe.world import World

    device = Device(rank)
    if rank == 0:
        root_info = Communicator.root_info(device=device)
        connection.send((ROOT_INFO, root_info))
    else:
        root_info = connection.recv()
    # Closed only when all went well: peers blame a rank that left, so the cause must be told first.
    world = World.from_root_info(root_info, size, rank, device=device)
    returned = fn(world, *args)
    try:
        result = pickle.dumps(returned, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise TypeError(
            f"fn returned a {type(returned).__name__} that does not pickle: {error}"
        ) from error
    world.__exit__(None, None, None)  # raises what failed on its stream, unless fn has seen it
    return result


def _read_task(task_fd: int) -> tuple[dict[str, Any], bytes]:
    with mmap.mmap(task_fd, 0, access=mmap.ACCESS_READ) as task:
        preparation, call = pickle.loads(task)
    os.close(task_fd)
    return preparation, call


def _prepare(preparation: dict[str, Any], call: bytes, rank: int) -> Any:  # noqa: ANN401
    """Make this interpreter like the parent's, and find the function and its arguments."""
    global importing_main
    process = current_process()
    importing_main = True
    # The same guard for processes that the script would start with multiprocessing.
    vars(process)["_inheriting"] = True
    try:
        mp_spawn.prepare(preparation)
    finally:
        importing_main = False
        del vars(process)["_inheriting"]
    process.name = f"rank {rank}"
    return pickle.loads(call)


def _failure(error: BaseException) -> Failure:
    now = time.monotonic()
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:
        pickled = b""
    text = "".join(traceback.format_exception(error))
    kind = type(error).__name__
    reason = f"raised {kind}: {error}" if str(error) else f"raised {kind}"
    return Failure(reason, now, text, pickled, _because_of_peer(error))


def _because_of_peer(error: BaseException) -> bool:
    from aclnn_moe.errors import AclError

    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, AclError) and (
            chain.code in _PEER_STATUSES or _PEER_TEXT.search(chain.message)
        ):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _die_with(parent: int) -> None:
    """Let the kernel end this process when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before the line above
