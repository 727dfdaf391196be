# SPDX-License-Identifier: Apache-2.0
"""Run a function on N ranks, each in a process of its own."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any


class LaunchError(RuntimeError):
    """A rank raised, died, or gave a result that cannot be handed back.

    Attributes
    ----------
    rank : int
        The rank that failed first.
    traceback : str
        Its traceback; empty when it died without one.
    cause : BaseException or None
        What it raised, where that could be handed over.
    others : list[tuple[int, str]]
        Further ranks that had failed by then, each with one line of why.
    """

    def __init__(
        self,
        rank: int,
        reason: str,
        *,
        traceback: str = "",
        cause: BaseException | None = None,
        others: Sequence[tuple[int, str]] = (),
    ) -> None:
        self.rank = rank
        self.reason = reason
        self.traceback = traceback
        self.cause = cause
        self.others = list(others)
        text = [f"rank {rank} {reason}"]
        if traceback:
            text += ["", traceback.rstrip()]
        if self.others:
            text += ["", "Others that failed:"]
            text += [f"  rank {other} {why}" for other, why in self.others]
        super().__init__("\n".join(text))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.rank, self.reason, self.traceback, self.others)


def _rebuild(rank: int, reason: str, traceback: str, others: list[tuple[int, str]]) -> LaunchError:
    return LaunchError(rank, reason, traceback=traceback, others=others)


def launch(
    fn: Callable[..., Any],
    world_size: int,
    args: Sequence[Any] = (),
    *,
    timeout: float | None = None,
) -> list[Any]:
    """Run ``fn(world, *args)`` on every rank, each in its own process.

    Rank r works on device r. Where the host device is used it is told to have at least
    ``world_size`` devices.

    Parameters
    ----------
    fn
        A function of a module, or of a script that calls launch under
        ``if __name__ == "__main__":``. It gets a `World` first.
    world_size
        Number of ranks.
    args
        Further arguments, the same for all ranks; they must pickle.
    timeout
        Seconds for all of it; None waits without limit.

    Returns
    -------
    list
        What the ranks returned, in rank order.

    Raises
    ------
    LaunchError
        A rank raised or died; the others have been ended.
    TimeoutError
        Some ranks were not done in time; the message names them, and all have been ended.
    TypeError
        ``fn`` is not a module-level function, or ``args`` do not pickle.
    ValueError
        ``world_size`` or ``timeout`` is not positive.
    RuntimeError
        Called while a rank imports the script that started it.
    """
    # Imported late: `import aclnn_moe` brings this module in.
    from aclnn_moe import rank_process
    from aclnn_moe.ranks import Ranks

    if rank_process.importing_main:
        raise RuntimeError(
            "aclnn_moe.launch was called while a rank imports the script that started it: put "
            'the call under `if __name__ == "__main__":`'
        )
    _check_function(fn)
    if isinstance(world_size, bool) or not isinstance(world_size, int):
        raise TypeError(f"world_size is {world_size!r}: want an int")
    if world_size < 1:
        raise ValueError(f"world_size is {world_size}: want at least 1")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout is {timeout}: want a positive number of seconds, or None")
    deadline = None if timeout is None else time.monotonic() + timeout
    ranks = Ranks(world_size, _pickle_task(fn, tuple(args)))
    try:
        ranks.start()
        return ranks.results(deadline, timeout)
    finally:
        ranks.end()


def _check_function(fn: Callable[..., Any]) -> None:
    if not callable(fn):
        raise TypeError(f"fn is {fn!r}: want a module-level function")
    if not isinstance(fn, FunctionType):
        return
    if "<locals>" in fn.__qualname__ or "<lambda>" in fn.__qualname__:
        raise TypeError(
            f"fn is {fn.__qualname__}, which other processes cannot find: want a module-level "
            "function (def at the top of a file)"
        )
    main = sys.modules["__main__"]
    if fn.__module__ in ("__main__", "__mp_main__") and not (
        getattr(main, "__spec__", None) or Path(getattr(main, "__file__", "") or "").is_file()
    ):
        raise TypeError(
            f"fn is {fn.__qualname__} of an interactive session or of standard input, which other "
            "processes cannot read: want a module-level function of a file"
        )


def _pickle_task(fn: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    from multiprocessing import spawn

    try:
        call = pickle.dumps((fn, args), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise TypeError(f"fn and args must pickle to reach the ranks: {error}") from error
    preparation = spawn.get_preparation_data("rank")
    del preparation["authkey"]  # a secret of this process, which no rank needs
    if b"main__" not in call:
        # Nothing in the call refers to the script (__main__, or __mp_main__ in a rank), so that the
        # ranks need not import it again.
        for key in ("init_main_from_name", "init_main_from_path"):
            preparation.pop(key, None)
    return pickle.dumps((preparation, call), protocol=pickle.HIGHEST_PROTOCOL)
