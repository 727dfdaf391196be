# SPDX-License-Identifier: Apache-2.0
"""Which kernel the host device runs: the choice, and what each refuses."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moe_layer
import pytest

import aclnn_moe

if TYPE_CHECKING:
    from conftest import MakeRanks
    from thread_ranks import ThreadRank

KERNEL = "ACLNN_MOE_HOST_KERNEL"


def run_layer(thread_ranks: MakeRanks) -> list[Any]:
    def on_rank(rank: ThreadRank) -> Any:
        source = moe_layer.given(rank.rank)
        return moe_layer.bring_back(rank, source, moe_layer.route(rank, source))

    return thread_ranks(moe_layer.RANKS).run(on_rank)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (KERNEL, "npu", "ACLNN_MOE_HOST_KERNEL must be host_cpu or ascend910_93, got 'npu'"),
        (f"{KERNEL}_CHECK", "2", "ACLNN_MOE_HOST_KERNEL_CHECK must be 0 or 1, got '2'"),
        (f"{KERNEL}_CORES", "0", r"ACLNN_MOE_HOST_KERNEL_CORES must be in \[1, 48\], got '0'"),
        (f"{KERNEL}_CORES", "4x", r"ACLNN_MOE_HOST_KERNEL_CORES must be in \[1, 48\], got '4x'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(KERNEL, "ascend910_93")
    monkeypatch.setenv(name, value)
    with pytest.raises(aclnn_moe.AclError, match=said):
        run_layer(thread_ranks)


@pytest.mark.parametrize(
    ("mode", "why"),
    [(None, "No such file or directory"), (0o755, "Not a directory"), (0o555, "Permission denied")],
    ids=["nothing", "file", "unwritable"],
)
def test_a_trace_must_have_a_folder_that_can_be_written_to(
    thread_ranks: MakeRanks,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mode: int | None,
    why: str,
) -> None:
    named = tmp_path / "named"
    if mode == 0o755:
        named.touch(mode)
    elif mode == 0o555:
        named.mkdir(mode)
        if os.access(named, os.W_OK):
            pytest.skip("this user, as root does, may write in every folder")
    monkeypatch.setenv(KERNEL, "ascend910_93")
    monkeypatch.setenv(f"{KERNEL}_TRACE", str(named))
    said = f"{KERNEL}_TRACE must be a folder that can be written to, got '{named}': {why}"
    with pytest.raises(aclnn_moe.AclError, match=re.escape(said)) as raised:
        run_layer(thread_ranks)
    # Refused by the first phase: no rank has begun.
    assert "GetWorkspaceSize" in str(raised.value)


@pytest.mark.parametrize("cores", ["1", "7"])
def test_results_do_not_depend_on_the_number_of_cores(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch, cores: str
) -> None:
    monkeypatch.setenv(KERNEL, "ascend910_93")
    want = [bits(one) for one in run_layer(thread_ranks)]
    monkeypatch.setenv(f"{KERNEL}_CORES", cores)
    assert [bits(one) for one in run_layer(thread_ranks)] == want


def test_x_is_the_same_from_both_kernels(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KERNEL, "host_cpu")
    want = [one.x.tobytes() for one in run_layer(thread_ranks)]
    monkeypatch.setenv(KERNEL, "ascend910_93")
    assert [one.x.tobytes() for one in run_layer(thread_ranks)] == want


def test_a_launch_leaves_its_counters_and_its_timeline(
    thread_ranks: MakeRanks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(KERNEL, "ascend910_93")
    monkeypatch.setenv(f"{KERNEL}_TRACE", str(tmp_path))
    run_layer(thread_ranks)
    for rank in range(moe_layer.RANKS):
        (counters,) = tmp_path.glob(f"combine-*-rank{rank}.counters.json")
        told = json.loads(counters.read_text())
        assert told["rank"] == rank
        assert told["total"]["gm_read_bytes"] > moe_layer.BS * moe_layer.K * moe_layer.H * 2
        assert len(told["cores"]) == 48
        (trace,) = tmp_path.glob(f"combine-*-rank{rank}.trace.json")
        assert json.loads(trace.read_text())["traceEvents"]


def bits(result: Any) -> tuple[bytes, ...]:
    return result.y.tobytes(), result.rstd_out.tobytes(), result.x.tobytes()
