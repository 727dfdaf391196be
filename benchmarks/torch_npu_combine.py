# SPDX-License-Identifier: Apache-2.0
"""torch_npu on the host device: start of all ranks, and combine through it and through aclnn_moe.

aclnn-moe run -- python benchmarks/torch_npu_combine.py

Both contenders get the same NPU tensors on the same ranks, in turns, and must give the same bits.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch_npu
from rich.console import Console
from rich.table import Table
from torch.multiprocessing import get_context

import aclnn_moe
from aclnn_moe.workload import Workload

IMPORT = "import time; start = time.time(); import torch, torch_npu; print(time.time() - start)"
WARM_UP = 5
ROUNDS = 5


def to_npu(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """Copy a numpy array; bf16 goes as its bits."""
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).npu()
    return torch.from_numpy(array).npu()


def rank_main(rank: int, work: Workload, iterations: int, folder: str) -> None:
    """Join, take a first step, time both contenders, and write what was seen."""
    size = work.ep_world_size
    torch.npu.set_device(rank)
    dist.init_process_group(
        "hccl", init_method=f"file://{folder}/store", rank=rank, world_size=size
    )
    token = torch.ones(1).npu()
    dist.all_reduce(token)
    ready = token.item() == size and time.time()
    name = dist.group.WORLD._get_backend(torch.device("npu")).get_hccl_comm_name(rank)
    shared = {
        "group_ep": name,
        "ep_world_size": size,
        "ep_rank_id": rank,
        "moe_expert_num": work.moe_expert_num,
    }
    part = work.rank(rank)
    ids = to_npu(part.expert_ids)
    sent = torch_npu.npu_moe_distribute_dispatch_v2(to_npu(part.x), ids, **shared)
    inputs = [
        sent[0],
        ids,
        sent[2],
        sent[4],
        to_npu(part.expert_scales),
        to_npu(part.residual_x),
        to_npu(part.gamma),
    ]
    contenders: dict[str, Callable[[], Any]] = {
        "torch_npu": lambda: torch_npu.npu_moe_distribute_combine_add_rms_norm(*inputs, **shared),
        "aclnn_moe": lambda: aclnn_moe.moe_distribute_combine_add_rms_norm(*inputs, **shared),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    results = {}
    for _ in range(ROUNDS):
        for contender, call in contenders.items():
            for number in range(WARM_UP + iterations):
                dist.barrier()
                torch.npu.synchronize()
                start = time.perf_counter()
                results[contender] = call()
                torch.npu.synchronize()
                if number >= WARM_UP:
                    seconds[contender].append(time.perf_counter() - start)
    y = {contender: result[0].cpu() for contender, result in results.items()}
    told = {
        "ready": ready,
        "seconds": seconds,
        "equal": bool(torch.equal(y["torch_npu"], y["aclnn_moe"])),
    }
    Path(folder, str(rank)).write_text(json.dumps(told))
    dist.destroy_process_group()


def run(work: Workload, iterations: int, method: str) -> tuple[float, list[dict[str, Any]]]:
    """Start all ranks by fork or spawn; returns when that began, and what each rank wrote."""
    context = get_context(method)
    with tempfile.TemporaryDirectory() as folder:
        ranks = [
            context.Process(target=rank_main, args=(rank, work, iterations, folder))
            for rank in range(work.ep_world_size)
        ]
        began = time.time()
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
        if any(process.exitcode for process in ranks):
            sys.exit(f"exit codes of the ranks: {[process.exitcode for process in ranks]}")
        files = [Path(folder, str(rank)) for rank in range(work.ep_world_size)]
        return began, [json.loads(file.read_text()) for file in files]


def import_seconds() -> float:
    """Return the time of the imports in a process of their own."""
    ran = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    return float(ran.stdout)


def median_ms(told: list[dict[str, Any]], contender: str) -> float:
    """Return the median over calls of the slowest rank's time."""
    per_call = zip(*(rank["seconds"][contender] for rank in told), strict=True)
    return 1e3 * statistics.median(map(max, per_call))


def main() -> int:
    """Print the figures; 1 where the contenders differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=4, help="ranks of the timed calls")
    parser.add_argument("--start-ranks", type=int, default=16, help="ranks whose start is timed")
    parser.add_argument("--bs", type=int, default=64)
    parser.add_argument("--h", type=int, default=7168)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--experts", type=int, default=32)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--spawn", action="store_true", help="time the start by spawn as well")
    args = parser.parse_args()

    def work(ranks: int, bs: int) -> Workload:
        return Workload(
            ep_world_size=ranks, bs=bs, hidden=args.h, k=args.k, moe_expert_num=args.experts
        )

    table = Table(title=f"torch_npu {torch_npu.__version__} on the host device")
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_row("import torch, torch_npu, one process", f"{import_seconds():.2f} s")
    for method in ("fork", "spawn") if args.spawn else ("fork",):
        began, told = run(work(args.start_ranks, 8), 1, method)
        seconds = max(rank["ready"] for rank in told) - began
        label = "after the parent's import" if method == "fork" else "each importing for itself"
        table.add_row(
            f"{args.start_ranks} ranks by {method}, {label}: until the slowest has all_reduced",
            f"{seconds:.2f} s",
        )
    _, told = run(work(args.ranks, args.bs), args.iterations, "fork")
    sizes = f"{args.ranks} ranks, BS {args.bs}, H {args.h}, K {args.k}, {args.experts} experts"
    figures = {name: median_ms(told, name) for name in ("torch_npu", "aclnn_moe")}
    for name, figure in figures.items():
        table.add_row(f"combine through {name}, {sizes}", f"{figure:.3f} ms")
    table.add_row("torch_npu / aclnn_moe", f"{figures['torch_npu'] / figures['aclnn_moe']:.2f}")
    Console().print(table)
    equal = all(rank["equal"] for rank in told)
    print("results are equal bit for bit" if equal else "results DIFFER")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
