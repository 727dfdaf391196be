# SPDX-License-Identifier: Apache-2.0
"""One process of a large group: many ranks as threads; see `test_scale`.

Usage: scale_process.py EP_WORLD_SIZE FIRST_RANK RANKS FOLDER
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

import aclnn_moe
from aclnn_moe import Communicator, Stream

Array = npt.NDArray[Any]
BF16 = np.dtype(ml_dtypes.bfloat16)
HIDDEN, K = 1024, 4
BUFFER_MB = 200
# A thread of a rank needs little; the default of 8 MB each is only reserved, never touched.
STACK_BYTES = 1 << 20
FORM_SECONDS = 60.0


def rank_inputs(rank: int, ep: int) -> dict[str, Array]:
    """One token of `rank`: its experts lie on K ranks all over the group, one expert per rank."""
    rng = np.random.default_rng([7, rank])
    ids = (rank * 5 + np.array([1, 2, 3, 7]) * (ep // 8) + rng.integers(0, ep // 8, K)) % ep
    return {
        "x": rng.standard_normal((1, HIDDEN), np.float32).astype(BF16),
        "expert_ids": ids[None].astype(np.int32),
        "expert_scales": rng.random((1, K), np.float32),
        "residual_x": rng.standard_normal((1, HIDDEN), np.float32).astype(BF16),
        "gamma": rng.standard_normal(HIDDEN, np.float32).astype(BF16),
    }


def expert(rank: int, rows: Array) -> Array:
    """Negate on odd ranks and double on even ones: exact in bfloat16."""
    return (rows.astype(np.float32) * (-1.0 if rank % 2 else 2.0)).astype(BF16)


def memory_kb() -> int:
    """Memory of the process that is there; a page shared by n processes counts as 1 / n here."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss")


def run_rank(
    rank: int, ep: int, device: int, info: bytes, results: dict[int, Any], end: threading.Barrier
) -> None:
    started = time.perf_counter()
    given = rank_inputs(rank, ep)
    with (
        Communicator.from_root_info(
            info, ep, rank, device=device, buffer_mb=BUFFER_MB, timeout=120
        ) as group,
        Stream(device) as stream,
    ):
        formed = time.perf_counter() - started
        sent = aclnn_moe.moe_distribute_dispatch_v2(
            given["x"], given["expert_ids"], group, moe_expert_num=ep, stream=stream
        )
        rows = int(sent.ep_recv_counts[-1])
        sources = sent.expand_idx[: 3 * rows].reshape(rows, 3)
        received = sent.expand_x[:rows].copy()
        sent.expand_x[:rows] = expert(rank, received)
        back = aclnn_moe.moe_distribute_combine_add_rms_norm(
            sent.expand_x,
            given["expert_ids"],
            sent.expand_idx,
            sent.ep_recv_counts,
            given["expert_scales"],
            given["residual_x"],
            given["gamma"],
            group,
            moe_expert_num=ep,
            stream=stream,
        )
        results[rank] = (formed, sources, received, back)
        end.wait(FORM_SECONDS)


def main() -> None:
    ep, first, count = map(int, sys.argv[1:4])
    folder = Path(sys.argv[4])
    threading.stack_size(STACK_BYTES)
    note = folder / "root_info"
    before_kb = memory_kb()
    if first == 0:
        fresh = folder / "fresh"
        fresh.write_bytes(Communicator.root_info(device=0))
        fresh.rename(note)
    deadline = time.monotonic() + FORM_SECONDS
    while not note.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("no root info")
        time.sleep(0.01)
    info = note.read_bytes()
    results: dict[int, Any] = {}
    grown_kb: list[int] = []
    # Measured when all of this process's ranks are done, and still in the group.
    end = threading.Barrier(count, lambda: grown_kb.append(memory_kb() - before_kb))
    threads = [
        threading.Thread(target=run_rank, args=(first + i, ep, i, info, results, end))
        for i in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) != count:
        raise SystemExit(f"{count - len(results)} ranks failed")
    ordered = [results[first + i] for i in range(count)]
    np.savez(
        folder / f"ranks_{first}.npz",
        row_nums=np.array([len(sources) for _, sources, _, _ in ordered]),
        sources=np.concatenate([sources for _, sources, _, _ in ordered]),
        rows=np.concatenate([rows for _, _, rows, _ in ordered]).view(np.uint16),
        y=np.concatenate([back.y for *_, back in ordered]).view(np.uint16),
        x=np.concatenate([back.x for *_, back in ordered]).view(np.uint16),
        rstd_out=np.concatenate([back.rstd_out for *_, back in ordered]),
    )
    report = {"formed": max(one[0] for one in ordered), "grown_kb": grown_kb[0]}
    (folder / f"ranks_{first}.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()
