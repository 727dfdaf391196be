# SPDX-License-Identifier: Apache-2.0
"""aclnn_moe's combine against torch.distributed's gloo and torch arithmetic, on this machine.

Both run in the same processes, on the same data, in turns, and must give the same numbers.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from memory_ceiling import copy_gb_per_s
from rich.console import Console
from rich.table import Table

import aclnn_moe
from aclnn_moe.reference import Agreement, CombineOutput, DispatchOutput
from aclnn_moe.workload import RankWorkload, Workload

if TYPE_CHECKING:
    from torch_combine import TorchCombine

BF16_BYTES = 2
TUNE_REPEATS = 7
# Threads that outnumber cores are slow: all but the tuned variant run this many times less often.
OTHERS_SHARE = 4
# Before each turn: the last contender's threads may still spin, and the caches hold its data.
SETTLE_SECONDS = 0.1
WARM_UP = 5


@dataclass(frozen=True)
class RankTimes:
    """Seconds per call on one rank, and how far the two results are apart.

    Attributes
    ----------
    ours : list of float
        aclnn_moe.
    theirs : dict
        torch, by variant: "tuned" is the fastest way found here; "torchrun" is what one writes
        first, index_add, with one thread per rank as torchrun starts them; "default" the same with
        the threads that torch takes by itself.
    tuned_exchange : list of float
        Of "tuned": permutation and all_to_all_single.
    ways : dict
        How each variant sums.
    agreement : Agreement
        aclnn_moe with the reference.
    torch_agrees : bool
        torch with the reference, in every round.
    """

    ours: list[float]
    theirs: dict[str, list[float]]
    tuned_exchange: list[float]
    ways: dict[str, str]
    agreement: Agreement
    torch_agrees: bool


def run_rank(
    world: aclnn_moe.World, work: Workload, rounds: int, iterations: int, store: str
) -> RankTimes:
    """Time the contenders on one rank."""
    import torch.distributed as dist

    dist.init_process_group(
        "gloo", init_method=f"file://{store}", rank=world.rank, world_size=world.size
    )
    parts = [work.rank(rank) for rank in range(world.size)]
    delivered, results = work.reference(parts)
    contender = _torch_contender(world.rank, work, parts, delivered)
    variants = {
        "tuned": contender.tune(TUNE_REPEATS),
        "torchrun": ("index_add", 1),
        "default": ("index_add", contender.default_threads),
    }
    call, result = _our_call(world, work, parts[world.rank], delivered[world.rank])

    def exchange_and_reduce() -> None:
        contender.exchange()
        contender.reduce()

    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in variants}
    tuned_exchange: list[float] = []
    agree = True
    for _ in range(rounds):
        _settle(call)
        for _ in range(iterations):
            start = _start_together(world)
            call()
            ours.append(time.perf_counter() - start)
        for name, variant in variants.items():
            contender.use(*variant)
            _settle(exchange_and_reduce)
            calls = iterations if name == "tuned" else max(1, iterations // OTHERS_SHARE)
            for _ in range(calls):
                start = _start_together(world)
                contender.exchange()
                exchanged = time.perf_counter() - start
                output = contender.reduce()
                theirs[name].append(time.perf_counter() - start)
                if name == "tuned":
                    tuned_exchange.append(exchanged)
            agree = agree and _torch_agrees(output, results[world.rank])
    dist.destroy_process_group()
    host = CombineOutput(y=result.y.numpy(), rstd_out=result.rstd_out.numpy(), x=result.x.numpy())
    return RankTimes(
        ours=ours,
        theirs=theirs,
        tuned_exchange=tuned_exchange,
        ways={name: _named(*variant) for name, variant in variants.items()},
        agreement=Agreement.of(host, results[world.rank]),
        torch_agrees=agree,
    )


def _settle(call: Callable[[], None]) -> None:
    time.sleep(SETTLE_SECONDS)
    for _ in range(WARM_UP):
        call()


def _start_together(world: aclnn_moe.World) -> float:
    world.group.barrier(world.stream)
    world.stream.synchronize()
    return time.perf_counter()


def _our_call(
    world: aclnn_moe.World, work: Workload, part: RankWorkload, got: DispatchOutput
) -> tuple[Callable[[], None], aclnn_moe.CombineResult]:
    """Put everything on the device, so that a call does nothing but the operator."""
    outputs = work.run_experts(world.rank, got.expand_x, got.dynamic_scales, got.expert_token_nums)
    inputs = [
        aclnn_moe.asarray(array, world.device)
        for array in (
            outputs,
            part.expert_ids,
            got.expand_idx,
            got.ep_recv_counts,
            part.expert_scales,
            part.residual_x,
            part.gamma,
        )
    ]
    result = aclnn_moe.CombineResult(
        aclnn_moe.empty((work.bs, 1, work.hidden), "bfloat16", world.device),
        aclnn_moe.empty((work.bs, 1, 1), "float32", world.device),
        aclnn_moe.empty((work.bs, 1, work.hidden), "bfloat16", world.device),
    )

    def call() -> None:
        aclnn_moe.moe_distribute_combine_add_rms_norm(
            *inputs,
            world.group,
            moe_expert_num=work.moe_expert_num,
            stream=world.stream,
            out=result,
        )
        world.stream.synchronize()

    return call, result


def _torch_agrees(output: tuple[Any, Any, Any], want: CombineOutput) -> bool:
    """Compare torch's y, rstd, x with the reference.

    torch adds in another order. A float32 sum of terms of order 1 moves by up to about 1e-6, which
    can move x by one bf16 unit (2**-7 of it), and y by one unit in each of its two roundings.
    """
    from torch_combine import to_numpy

    y, rstd, x = output
    dtype = want.x.dtype
    return (
        np.allclose(
            to_numpy(x, dtype).reshape(want.x.shape).astype(np.float32),
            want.x.astype(np.float32),
            rtol=2**-7,
            atol=1e-5,
        )
        and np.allclose(
            to_numpy(y, dtype).reshape(want.y.shape).astype(np.float32),
            want.y.astype(np.float32),
            rtol=2**-6,
            atol=1e-5,
        )
        and np.allclose(rstd.numpy().ravel(), want.rstd_out.ravel(), rtol=1e-5)
    )


def _named(way: str, threads: int) -> str:
    return f"{way}, {threads} thread{'s' if threads > 1 else ''}"


def _torch_contender(
    rank: int, work: Workload, parts: list[RankWorkload], delivered: list[DispatchOutput]
) -> TorchCombine:
    from torch_combine import TorchCombine

    part, got = parts[rank], delivered[rank]
    row_num = got.row_num
    outputs = work.run_experts(rank, got.expand_x, got.dynamic_scales, got.expert_token_nums)
    return TorchCombine(
        expand_x=outputs[:row_num],
        triples=got.expand_idx[: row_num * 3].reshape(row_num, 3),
        sources_of_choices=part.expert_ids // (work.moe_expert_num // work.ep_world_size),
        expert_ids=part.expert_ids,
        expert_scales=part.expert_scales,
        residual_x=part.residual_x,
        gamma=part.gamma,
        eps=work.config.norm_eps,
    )


def median_of_slowest(per_rank: list[list[float]]) -> float:
    """Median over iterations of the slowest rank, in milliseconds."""
    return statistics.median(max(times) for times in zip(*per_rank, strict=True)) * 1e3


def bytes_per_call(work: Workload) -> dict[str, int]:
    """Memory that all ranks together must touch in one call of aclnn_moe.

    A row is read where it lies, by the rank that sums it; nothing is copied.
    """
    rows = work.ep_world_size * work.bs * work.k * work.hidden * BF16_BYTES
    tokens = work.ep_world_size * work.bs * work.hidden * BF16_BYTES
    return {
        "rows_read_by_the_sum": rows,
        "residual_x_read": tokens,
        "x_and_y_written": 2 * tokens,
    }


def main() -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--bs", type=int, default=64)
    parser.add_argument("--h", type=int, default=7168)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--experts", type=int, default=32)
    parser.add_argument("--skew", type=float, default=0.0, help="0: even load of experts (0)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender (5)")
    parser.add_argument("--iterations", type=int, default=20, help="calls per turn (20)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print(
            "error: torch is missing; it is an optional extra: pip install 'aclnn-moe[benchmark]'",
            file=sys.stderr,
        )
        return 2
    # gloo looks up the host's name to find an interface; all ranks are on this machine.
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    # Where torch_npu is installed, torch would load it, and with it CANN.
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")
    work = Workload(
        ep_world_size=args.ranks,
        bs=args.bs,
        hidden=args.h,
        k=args.k,
        moe_expert_num=args.experts,
        skew=args.skew,
    )
    ceilings = {threads: copy_gb_per_s(threads) for threads in (1, 2)}
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        ranks = aclnn_moe.launch(
            run_rank, args.ranks, (work, args.rounds, args.iterations, store), timeout=1800
        )
    figures = summarise(work, ranks, ceilings)
    report(work, figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    if not figures["agree"]:
        print("error: the results differ; the times mean nothing", file=sys.stderr)
        return 1
    return 0


def summarise(work: Workload, ranks: list[RankTimes], ceilings: dict[int, float]) -> dict[str, Any]:
    """Turn times per rank into the figures of the report."""
    ours = median_of_slowest([rank.ours for rank in ranks])
    theirs = {
        name: median_of_slowest([rank.theirs[name] for rank in ranks]) for name in ranks[0].theirs
    }
    touched = bytes_per_call(work)
    total = sum(touched.values())
    return {
        "sizes": {
            "ranks": work.ep_world_size,
            "bs": work.bs,
            "h": work.hidden,
            "k": work.k,
            "experts": work.moe_expert_num,
            "skew": work.skew,
        },
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "aclnn_moe_ms": ours,
        "torch_ms": theirs,
        "torch_ways": ranks[0].ways,
        "torch_tuned_exchange_ms": median_of_slowest([rank.tuned_exchange for rank in ranks]),
        "times_as_fast_as_torch": {name: value / ours for name, value in theirs.items()},
        "bytes_per_call": touched,
        "gb_per_s": total / ours / 1e6,
        "memcpy_gb_per_s": {str(threads): value for threads, value in ceilings.items()},
        "agree": all(rank.agreement.ok and rank.torch_agrees for rank in ranks),
    }


def report(work: Workload, figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table(
        title=f"combine + add + RMSNorm: {work.ep_world_size} ranks, BS {work.bs}, "
        f"H {work.hidden}, K {work.k}, {work.moe_expert_num} experts",
        show_header=False,
    )
    table.add_column()
    table.add_column(justify="right")
    total = sum(figures["bytes_per_call"].values())
    ceilings = figures["memcpy_gb_per_s"]
    for name, value in (
        ("aclnn_moe, ms per call", f"{figures['aclnn_moe_ms']:.2f}"),
        *(
            (f"torch + gloo, {name} ({way})", f"{figures['torch_ms'][name]:.2f}")
            for name, way in figures["torch_ways"].items()
        ),
        ("  tuned: permutation and exchange", f"{figures['torch_tuned_exchange_ms']:.2f}"),
        *(
            (f"times as fast as torch, {name}", f"{value:.1f}")
            for name, value in figures["times_as_fast_as_torch"].items()
        ),
        ("memory touched per call, all ranks", f"{total / 1e6:.1f} MB"),
        ("aclnn_moe, memory traffic", f"{figures['gb_per_s']:.1f} GB/s"),
        (
            "memcpy, memory traffic, 1 and 2 threads",
            f"{ceilings['1']:.1f}, {ceilings['2']:.1f} GB/s",
        ),
        ("copies of a row", "0 (read where it lies)"),
        ("results agree", "yes" if figures["agree"] else "NO"),
    ):
        table.add_row(name, value)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
