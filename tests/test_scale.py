# SPDX-License-Identifier: Apache-2.0
"""Groups of 384 and 768 ranks, as threads of several processes: values, memory, time to form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scale_process import BF16, BUFFER_MB, HIDDEN, K, expert, rank_inputs

from aclnn_moe.reference import (
    Agreement,
    CombineInput,
    CombineOutput,
    DispatchInput,
    MoeConfig,
    combine_add_rms_norm,
    dispatch,
)

PROCESSES = 4
RUN_SECONDS = 200
# Generous: alone on two cores a group of 768 forms in about a second; this catches quadratic work.
FORM_SECONDS = 60
# What each rank may take: its tensors of A = ep rows, on the host, on the device, and there once
# more as combine's inputs; a stack and what the libraries keep. Nothing goes with BUFFER_MB.
COPIES_OF_TENSORS = 3
OTHER_MB = 1.0


def bound_mb(ep: int) -> float:
    """Memory that the group may take; a few percent of ep * BUFFER_MB."""
    tensors = ep * (HIDDEN * BF16.itemsize + 128 * 4) / 2**20
    bound = ep * (COPIES_OF_TENSORS * tensors + OTHER_MB)
    assert bound < 0.05 * ep * BUFFER_MB
    return bound


def run_group(ep: int, folder: Path) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Run all ranks; their results in rank order, and a report per process."""
    program = Path(__file__).parent / "scale_process.py"
    each = ep // PROCESSES
    environment = os.environ | {"ACLNN_MOE_HOST_DEVICES": str(each)}
    processes = [
        subprocess.Popen(
            [sys.executable, str(program), str(ep), str(first), str(each), str(folder)],
            env=environment,
        )
        for first in range(0, ep, each)
    ]
    try:
        statuses = [process.wait(RUN_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert statuses == [0] * PROCESSES
    parts = [dict(np.load(folder / f"ranks_{first}.npz")) for first in range(0, ep, each)]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    reports = [
        json.loads((folder / f"ranks_{first}.json").read_text()) for first in range(0, ep, each)
    ]
    return whole, reports


@pytest.mark.parametrize("ep", [384, 768])
def test_a_large_group_computes_what_the_reference_does(ep: int, tmp_path: Path) -> None:
    got, reports = run_group(ep, tmp_path)
    config = MoeConfig(ep_world_size=ep, moe_expert_num=ep)
    given = [rank_inputs(rank, ep) for rank in range(ep)]
    sent = dispatch(
        [DispatchInput(x=one["x"], expert_ids=one["expert_ids"]) for one in given], config
    )
    assert got["row_nums"].tolist() == [one.row_num for one in sent]
    assert got["row_nums"].sum() == ep * K
    triples = [one.expand_idx[: 3 * one.row_num].reshape(-1, 3) for one in sent]
    np.testing.assert_array_equal(got["sources"], np.concatenate(triples))
    rows = np.concatenate([one.expand_x[: one.row_num] for one in sent])
    np.testing.assert_array_equal(got["rows"], rows.view(np.uint16))
    want = combine_add_rms_norm(
        [
            CombineInput(
                expand_x=expert(rank, one.expand_x),
                expert_ids=inputs["expert_ids"],
                expand_idx=one.expand_idx,
                ep_send_counts=one.ep_recv_counts,
                expert_scales=inputs["expert_scales"],
                residual_x=inputs["residual_x"],
                gamma=inputs["gamma"],
            )
            for rank, (inputs, one) in enumerate(zip(given, sent, strict=True))
        ],
        config,
    )
    assert got["x"].shape == (ep, 1, HIDDEN)
    together = CombineOutput(
        y=np.concatenate([one.y for one in want]),
        rstd_out=np.concatenate([one.rstd_out for one in want]),
        x=np.concatenate([one.x for one in want]),
    )
    result = CombineOutput(y=got["y"].view(BF16), rstd_out=got["rstd_out"], x=got["x"].view(BF16))
    agreement = Agreement.of(result, together)
    assert agreement.ok, agreement
    grown_mb = sum(report["grown_kb"] for report in reports) / 1024
    formed = max(report["formed"] for report in reports)
    print(f"{ep} ranks: formed in {formed:.2f} s, {grown_mb:.0f} MB more in all processes")
    assert grown_mb < bound_mb(ep)
    assert formed < FORM_SECONDS
