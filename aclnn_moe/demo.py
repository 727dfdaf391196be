# SPDX-License-Identifier: Apache-2.0
"""The whole layer on N ranks, every number held against the reference: ``aclnn-moe demo``."""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aclnn_moe.reference import Agreement, CombineOutput, DispatchOutput
from aclnn_moe.workload import Workload

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from aclnn_moe.operators import DispatchResult
    from aclnn_moe.world import World

Array = npt.NDArray[Any]

EXIT_OK = 0
EXIT_MISMATCH = 1
EXIT_REFUSED = 2
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class RankReport:
    """What a rank hands back to the parent."""

    rows_sent: int
    rows_received: int
    dispatch_ms: float
    combine_ms: float
    delivered: str
    output: CombineOutput


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sizes and switches of the demo; the defaults are those of the operator's document."""
    parser.add_argument("--ranks", type=int, default=16, help="expert parallel ranks (16)")
    parser.add_argument("--bs", type=int, default=8, help="tokens per rank (8)")
    parser.add_argument("--h", type=int, default=7168, help="hidden size (7168)")
    parser.add_argument("--k", type=int, default=8, help="experts per token (8)")
    parser.add_argument("--experts", type=int, default=32, help="routed experts (32)")
    parser.add_argument(
        "--quant-mode",
        type=int,
        default=0,
        help="0: rows travel to the experts as bf16; 2: as int8 with dynamic scales (0)",
    )
    parser.add_argument(
        "--smooth", action="store_true", help="with --quant-mode 2: smoothing factors per expert"
    )
    parser.add_argument("--seed", type=int, default=0, help="what all numbers follow from (0)")
    parser.add_argument(
        "--skew", type=float, default=1.0, help="how uneven the experts' load is; 0: even (1.0)"
    )
    parser.add_argument(
        "--iterations", type=int, default=10, help="times the layer runs; times are medians (10)"
    )
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for all of it (300)")


def run(args: argparse.Namespace) -> int:
    """Run the layer on all ranks, compare, print a table and a verdict.

    Returns
    -------
    int
        0 when every rank agrees with the reference, 1 when one does not, 2 when the sizes are
        refused or a rank fails.
    """
    from rich.console import Console

    from aclnn_moe.errors import AclError
    from aclnn_moe.launch import LaunchError, launch

    console = Console()
    work = Workload(
        ep_world_size=args.ranks,
        bs=args.bs,
        hidden=args.h,
        k=args.k,
        moe_expert_num=args.experts,
        quant_mode=args.quant_mode,
        smooth=args.smooth,
        seed=args.seed,
        skew=args.skew,
    )
    try:
        if args.iterations < 1:
            raise ValueError(f"--iterations: want at least 1, got {args.iterations}")
        with _progress(console, args.ranks, args.iterations) as steps:
            reports = launch(
                run_rank, args.ranks, (work, args.iterations, steps), timeout=args.timeout
            )
        delivered, outputs = work.reference()
    except LaunchError as failure:
        known = isinstance(failure.cause, (AclError, ValueError, TypeError))
        print(f"error: {failure.cause if known else failure}", file=sys.stderr)
        return EXIT_REFUSED
    except (AclError, ValueError, TypeError, TimeoutError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return EXIT_REFUSED
    agreements = [
        Agreement.of(report.output, output) for report, output in zip(reports, outputs, strict=True)
    ]
    rows_equal = [
        report.delivered == digest(want) for report, want in zip(reports, delivered, strict=True)
    ]
    _print_table(console, work, reports, rows_equal, agreements)
    return _print_verdict(console, rows_equal, agreements)


def run_rank(world: World, work: Workload, iterations: int, steps: str) -> RankReport:
    """Run the layer on one rank, `iterations` times; `steps` is where progress is told."""
    import aclnn_moe

    part = work.rank(world.rank)
    x, expert_ids, expert_scales, residual_x, gamma = (
        aclnn_moe.asarray(array, world.device)
        for array in (
            part.x,
            part.expert_ids,
            part.expert_scales,
            part.residual_x,
            part.gamma,
        )
    )
    scales = None if part.scales is None else aclnn_moe.asarray(part.scales, world.device)
    start, stop = aclnn_moe.Event(), aclnn_moe.Event()
    dispatch_ms, combine_ms = [], []
    for iteration in range(iterations):
        # What is timed starts when the last rank has come.
        world.group.barrier(world.stream)
        start.record(world.stream)
        got = aclnn_moe.moe_distribute_dispatch_v2(
            x,
            expert_ids,
            world.group,
            moe_expert_num=work.moe_expert_num,
            scales=scales,
            quant_mode=work.quant_mode,
            stream=world.stream,
        )
        stop.record(world.stream)
        world.stream.synchronize()
        dispatch_ms.append(stop.elapsed_ms(start))

        delivered = _rows_of(got)
        outputs = aclnn_moe.empty(got.expand_x.shape, "bfloat16", world.device)
        outputs[: delivered.row_num].copy_from(
            work.run_experts(
                world.rank,
                delivered.expand_x,
                delivered.dynamic_scales,
                delivered.expert_token_nums,
            )
        )

        world.group.barrier(world.stream)
        start.record(world.stream)
        result = aclnn_moe.moe_distribute_combine_add_rms_norm(
            outputs,
            expert_ids,
            got.expand_idx,
            got.ep_recv_counts,
            expert_scales,
            residual_x,
            gamma,
            world.group,
            moe_expert_num=work.moe_expert_num,
            stream=world.stream,
        )
        stop.record(world.stream)
        world.stream.synchronize()
        combine_ms.append(stop.elapsed_ms(start))
        _tell(steps, world.rank, iteration + 1)
    return RankReport(
        rows_sent=part.expert_ids.size,
        rows_received=delivered.row_num,
        dispatch_ms=statistics.median(dispatch_ms),
        combine_ms=statistics.median(combine_ms),
        delivered=digest(delivered),
        output=CombineOutput(
            y=result.y.numpy(), rstd_out=result.rstd_out.numpy(), x=result.x.numpy()
        ),
    )


def _rows_of(got: DispatchResult) -> DispatchOutput:
    """Copy what dispatch delivered to the host, without the room behind the rows."""
    row_num = int(got.ep_recv_counts.numpy()[-1])
    return DispatchOutput(
        expand_x=got.expand_x[:row_num].numpy(),
        dynamic_scales=got.dynamic_scales[:row_num].numpy(),
        expand_idx=got.expand_idx[: row_num * 3].numpy(),
        expert_token_nums=got.expert_token_nums.numpy(),
        ep_recv_counts=got.ep_recv_counts.numpy(),
        tp_recv_counts=np.array([row_num], np.int32),
        expand_scales=np.zeros(0, np.float32),
    )


def digest(delivered: DispatchOutput) -> str:
    """Hash what dispatch delivered, without what lies behind the rows."""
    row_num = delivered.row_num
    quantised = delivered.expand_x.dtype == np.int8
    parts = (
        delivered.expand_x[:row_num],
        delivered.dynamic_scales[: row_num if quantised else 0],
        delivered.expand_idx[: row_num * 3],
        delivered.expert_token_nums,
        delivered.ep_recv_counts,
    )
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(np.ascontiguousarray(part).view(np.uint8).tobytes())
    return hashed.hexdigest()


def _print_table(
    console: Console,
    work: Workload,
    reports: Sequence[RankReport],
    rows_equal: Sequence[bool],
    agreements: Sequence[Agreement],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title=(
            f"{work.ep_world_size} ranks, BS {work.bs}, H {work.hidden}, K {work.k}, "
            f"{work.moe_expert_num} experts, quant_mode {work.quant_mode}, seed {work.seed}"
        ),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in (
        "rank",
        "rows\nsent",
        "rows\ngot",
        "dispatch\nms",
        "combine\nms",
        "rows\nequal",
        "x\nequal",
        "rstd\nerror",
        "y error\nunits",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for rank, (report, equal, agreement) in enumerate(
        zip(reports, rows_equal, agreements, strict=True)
    ):
        table.add_row(
            str(rank),
            str(report.rows_sent),
            str(report.rows_received),
            f"{report.dispatch_ms:.2f}",
            f"{report.combine_ms:.2f}",
            "yes" if equal else "NO",
            "yes" if agreement.x_differing == 0 else f"NO: {agreement.x_differing}",
            f"{agreement.rstd_error:.1e}",
            str(agreement.y_error),
            style=None if equal and agreement.ok else "red",
        )
    console.print(table)


def _print_verdict(
    console: Console, rows_equal: Sequence[bool], agreements: Sequence[Agreement]
) -> int:
    bad = [
        rank
        for rank, (equal, agreement) in enumerate(zip(rows_equal, agreements, strict=True))
        if not (equal and agreement.ok)
    ]
    errors = (
        f"largest rstd error {max(one.rstd_error for one in agreements):.1e} (1e-06 allowed), "
        f"largest y error {max(one.y_error for one in agreements)} bf16 units (1 allowed)"
    )
    if bad:
        console.print(
            f"[bold red]MISMATCH[/] on {len(bad)} of {len(agreements)} ranks: "
            f"{', '.join(map(str, bad))}; {errors}",
            soft_wrap=True,
        )
        return EXIT_MISMATCH
    console.print(
        f"[bold green]PASSED[/]: dispatch and x equal bit for bit on all {len(agreements)} ranks; "
        f"{errors}",
        soft_wrap=True,
    )
    return EXIT_OK


@contextmanager
def _progress(console: Console, ranks: int, iterations: int) -> Iterator[str]:
    """Show a bar while the ranks run; gives the file in which rank r counts in byte 4 * r."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with tempfile.TemporaryDirectory(prefix="aclnn_moe_demo_") as folder:
        path = Path(folder) / "steps"
        path.write_bytes(bytes(4 * max(ranks, 1)))
        done = threading.Event()
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        task = bar.add_task(f"{ranks} ranks", total=max(ranks * iterations, 1))

        def watch() -> None:
            while not done.wait(_POLL_SECONDS):
                bar.update(task, completed=np.fromfile(path, np.int32).sum())

        with bar:
            watcher = threading.Thread(target=watch, name="demo progress", daemon=True)
            watcher.start()
            try:
                yield str(path)
            finally:
                done.set()
                watcher.join()


def _tell(steps: str, rank: int, count: int) -> None:
    with Path(steps).open("r+b") as file:
        file.seek(4 * rank)
        file.write(np.int32(count).tobytes())
