# SPDX-License-Identifier: Apache-2.0
"""Time per call of dispatch and combine by the kind of arrays: device arrays, numpy, torch."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import aclnn_moe
from aclnn_moe.reference import Agreement, CombineOutput
from aclnn_moe.workload import Workload

SETTLE_SECONDS = 0.05
WARM_UP = 3

KINDS = {
    "device arrays": lambda array, device: aclnn_moe.asarray(array, device),
    "numpy": lambda array, device: array,
    "torch": lambda array, device: to_torch(array),
}

Times = dict[str, dict[str, list[float]]]


def to_torch(array: Any) -> Any:
    """Return a torch tensor with memory of its own."""
    import torch

    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).clone()
    return torch.from_numpy(array).clone()


class Calls:
    """Both operators on one kind of arrays; a call returns when its results are there."""

    def __init__(self, world: aclnn_moe.World, work: Workload, arrays: Sequence[Any]) -> None:
        self._world = world
        self._x, self._expert_ids, self._expand_x, *self._rest = arrays
        self._options: dict[str, Any] = {
            "moe_expert_num": work.moe_expert_num,
            "stream": world.stream,
        }

    def dispatch(self) -> aclnn_moe.DispatchResult:
        sent = aclnn_moe.moe_distribute_dispatch_v2(
            self._x, self._expert_ids, self._world.group, **self._options
        )
        self._world.stream.synchronize()
        return sent

    def combine(self) -> aclnn_moe.CombineResult:
        back = aclnn_moe.moe_distribute_combine_add_rms_norm(
            self._expand_x, self._expert_ids, *self._rest, self._world.group, **self._options
        )
        self._world.stream.synchronize()
        return back


def run_rank(world: aclnn_moe.World, work: Workload, rounds: int, iterations: int) -> Any:
    """Time the kinds in turns; every result of the last round is held against the reference."""
    parts = [work.rank(rank) for rank in range(world.size)]
    delivered, results = work.reference(parts)
    part, got = parts[world.rank], delivered[world.rank]
    rows = work.run_experts(world.rank, got.expand_x, got.dynamic_scales, got.expert_token_nums)
    sources = (part.x, part.expert_ids, rows, got.expand_idx, got.ep_recv_counts)
    sources += (part.expert_scales, part.residual_x, part.gamma)
    times: Times = {kind: {"dispatch": [], "combine": []} for kind in available()}
    agree = True
    for _ in range(rounds):
        for kind, make in KINDS.items():
            if kind not in times:
                continue
            call = Calls(world, work, [make(array, world.device) for array in sources])
            _time(world, call.dispatch, iterations, times[kind]["dispatch"])
            result = _time(world, call.combine, iterations, times[kind]["combine"])
            host = CombineOutput(**{n: as_numpy(array) for n, array in result._asdict().items()})
            agree = agree and Agreement.of(host, results[world.rank]).ok
    return times, agree


def _time(
    world: aclnn_moe.World, call: Callable[[], Any], iterations: int, into: list[float]
) -> Any:
    time.sleep(SETTLE_SECONDS)
    for _ in range(WARM_UP):
        result = call()
    for _ in range(iterations):
        world.group.barrier(world.stream)
        world.stream.synchronize()
        start = time.perf_counter()
        result = call()
        into.append(time.perf_counter() - start)
    return result


def as_numpy(array: Any) -> Any:
    """Return an array of any kind as numpy's."""
    return array if isinstance(array, np.ndarray) else aclnn_moe.asarray(array).numpy()


def available() -> list[str]:
    """Return the kinds whose libraries are installed."""
    return [kind for kind in KINDS if kind != "torch" or importlib.util.find_spec("torch")]


def main() -> int:
    """Run the kinds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--bs", type=int, default=64)
    parser.add_argument("--h", type=int, default=7168)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--experts", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each kind (3)")
    parser.add_argument("--iterations", type=int, default=20, help="calls per turn (20)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    # Where torch_npu is installed, torch would load it, and with it CANN.
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")
    work = Workload(
        ep_world_size=args.ranks,
        bs=args.bs,
        hidden=args.h,
        k=args.k,
        moe_expert_num=args.experts,
    )
    ranks = aclnn_moe.launch(run_rank, args.ranks, (work, args.rounds, args.iterations))
    figures: dict[str, Any] = {
        kind: {
            call: statistics.median(map(max, *(times[kind][call] for times, _ in ranks))) * 1e3
            for call in calls
        }
        for kind, calls in ranks[0][0].items()
    }
    table = Table(
        title=f"{args.ranks} ranks, BS {args.bs}, H {args.h}, K {args.k}, {args.experts} experts"
    )
    for column in ("arrays", "dispatch, ms", "combine, ms"):
        table.add_column(column, justify="left" if column == "arrays" else "right")
    for kind, calls in figures.items():
        table.add_row(kind, *(f"{value:.2f}" for value in calls.values()))
    Console().print(table)
    agree = all(ok for _, ok in ranks)
    if args.json:
        args.json.write_text(json.dumps({"ms": figures, "agree": agree}, indent=2) + "\n")
    if not agree:
        print("error: the results differ; the times mean nothing", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
