# SPDX-License-Identifier: Apache-2.0
"""The benchmarks' arithmetic, and what they say without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aclnn_moe.workload import Workload

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SCRIPT = BENCHMARKS / "combine_vs_gloo.py"


def test_benchmark_says_how_to_get_torch() -> None:
    code = (
        "import importlib.util as util, runpy, sys; find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'torch' else find(name, *more)\n"
        f"sys.argv = [{str(SCRIPT)!r}]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join([str(BENCHMARKS), *sys.path])},
    )
    assert run.returncode == 2
    assert run.stderr == (
        "error: torch is missing; it is an optional extra: pip install 'aclnn-moe[benchmark]'\n"
    )


def test_time_of_a_call_is_that_of_the_slowest_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from combine_vs_gloo import median_of_slowest

    # Slowest per call: 3, 5, 9 ms.
    assert median_of_slowest([[3e-3, 1e-3, 9e-3], [2e-3, 5e-3, 4e-3]]) == 5.0


def test_bytes_per_call_count_every_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from combine_vs_gloo import bytes_per_call

    work = Workload(ep_world_size=4, bs=64, hidden=7168, k=8, moe_expert_num=32)
    rows, tokens = 4 * 64 * 8 * 7168 * 2, 4 * 64 * 7168 * 2
    assert sum(bytes_per_call(work).values()) == rows + 3 * tokens


def test_benchmark_times_every_kind_of_array(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    sizes = ["--ranks", "2", "--bs", "4", "--h", "1024", "--k", "2", "--experts", "4"]
    calls = ["--rounds", "1", "--iterations", "2"]
    script = str(BENCHMARKS / "array_kinds.py")
    subprocess.run(
        [sys.executable, script, *sizes, *calls, "--json", str(figures)],
        check=True,
    )
    told = json.loads(figures.read_text())
    assert told["agree"] is True
    assert list(told["ms"]) == ["device arrays", "numpy", "torch"]
    assert all(ms > 0 for calls in told["ms"].values() for ms in calls.values())


def test_benchmark_compares_with_torch(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    sizes = ["--ranks", "2", "--bs", "4", "--h", "1024", "--k", "2", "--experts", "4"]
    calls = ["--rounds", "1", "--iterations", "2"]
    subprocess.run(
        [sys.executable, str(SCRIPT), *sizes, *calls, "--json", str(figures)], check=True
    )
    told = json.loads(figures.read_text())
    assert told["agree"] is True
    assert set(told["torch_ms"]) == {"tuned", "torchrun", "default"}
    assert told["aclnn_moe_ms"] > 0
