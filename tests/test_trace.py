# SPDX-License-Identifier: Apache-2.0
"""`aclnn-moe trace`: counters and timelines of the Ascend C kernel as they are read and shown."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from aclnn_moe import trace
from aclnn_moe.trace_picture import draw

TRACE = [sys.executable, "-m", "aclnn_moe.cli", "trace"]


def counters(cycles: int) -> dict[str, object]:
    return {
        "cycles": cycles,
        "gm_read_bytes": 2048,
        "gm_written_bytes": 1024,
        "peak_ub_bytes": 512,
        "pipes": {
            "S": {"instructions": 1, "busy_cycles": 10},
            "V": {"instructions": 2, "busy_cycles": 50},
            "MTE2": {"instructions": 3, "busy_cycles": 100},
            "MTE3": {"instructions": 4, "busy_cycles": 0},
        },
    }


def write_launch(folder: Path, rank: int, number: int, microseconds: float) -> None:
    stem = folder / f"combine-{number}-rank{rank}"
    stem.with_name(f"{stem.name}.counters.json").write_text(
        json.dumps(
            {
                "kernel": "combine",
                "rank": rank,
                "microseconds": microseconds,
                "total": counters(100),
                "cores": [counters(100), counters(90)],
            }
        )
    )
    events = [
        {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "core 0"}},
        {"ph": "X", "name": "Add", "pid": 0, "tid": 1, "ts": 0.5, "dur": 1.5, "args": {}},
    ]
    stem.with_name(f"{stem.name}.trace.json").write_text(json.dumps({"traceEvents": events}))


def test_launches_come_by_number_then_rank(tmp_path: Path) -> None:
    for rank, number in ((1, 0), (0, 10), (0, 2), (0, 0)):
        write_launch(tmp_path, rank, number, 1.0)
    (tmp_path / "notes.txt").write_text("not a launch")
    found = trace.launches(tmp_path)
    assert [(each.number, each.rank) for each in found] == [(0, 0), (0, 1), (2, 0), (10, 0)]
    assert found[0].total.gm_read_bytes == 2048
    assert found[0].cores[1].cycles == 90


def test_busy_is_the_share_of_the_slowest_cores_time(tmp_path: Path) -> None:
    write_launch(tmp_path, 0, 0, 1.0)
    (launch,) = trace.launches(tmp_path)
    assert launch.busy("V") == 0.25  # 50 of 2 cores with 100 cycles each
    assert launch.busy("MTE3") == 0.0


@pytest.mark.parametrize(
    "text", ["", "[]", '{"kernel": "x"}', '{"kernel": 1, "microseconds": "x"}']
)
def test_file_that_holds_no_counters_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "combine-0-rank0.counters.json").write_text(text)
    with pytest.raises(ValueError, match=r"combine-0-rank0\.counters\.json holds no counters"):
        trace.launches(tmp_path)


def test_table_marks_the_slowest_rank_of_a_launch(tmp_path: Path) -> None:
    write_launch(tmp_path, 0, 0, 1.5)
    write_launch(tmp_path, 1, 0, 2.5)
    shown = trace.table(trace.launches(tmp_path))
    assert [row.style for row in shown.rows] == [None, "bold"]
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(shown)
    line = next(each for each in console.export_text().splitlines() if "0, 1" in each)
    for cell in ("2.5", "2.0", "1.0", "0.5", "25%", "50%"):
        assert f" {cell} " in line


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_picture_is_drawn(tmp_path: Path, suffix: str) -> None:
    write_launch(tmp_path, 0, 0, 1.5)
    target = tmp_path / f"launch.{suffix}"
    draw(trace.launches(tmp_path)[0], target)
    start = target.read_bytes()[:200]
    assert start.startswith(b"\x89PNG") if suffix == "png" else b"<?xml" in start


def test_picture_of_something_else_is_refused(tmp_path: Path) -> None:
    write_launch(tmp_path, 0, 0, 1.5)
    (tmp_path / "combine-0-rank0.trace.json").write_text('{"traceEvents": [{}]}')
    with pytest.raises(ValueError, match="is no trace of the host device"):
        draw(trace.launches(tmp_path)[0], tmp_path / "launch.png")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TRACE, *words], capture_output=True, text=True, check=False)


def test_folder_with_traces_is_not_mixed_with_new_ones(tmp_path: Path) -> None:
    write_launch(tmp_path, 0, 0, 1.5)
    ran = command("--out", str(tmp_path), "--", "true")
    assert ran.returncode == 1
    assert "holds traces already: name a new folder" in ran.stderr


def test_program_without_a_launch_is_told(tmp_path: Path) -> None:
    ran = command("--out", str(tmp_path), "--", "true")
    assert ran.returncode == 1
    assert "launched no combine kernel" in ran.stderr


def test_status_of_the_program_is_that_of_the_command(tmp_path: Path) -> None:
    assert command("--out", str(tmp_path), "--", "sh", "-c", "exit 7").returncode == 7


def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = command("--out", str(tmp_path), "--", "/no/such/program")
    assert ran.returncode == 1
    assert "/no/such/program" in ran.stderr


def test_default_program_is_a_demo_on_the_kernel(tmp_path: Path) -> None:
    picture = tmp_path / "launch.svg"
    ran = command("--out", str(tmp_path / "traces"), "--cores", "8", "--picture", str(picture))
    assert ran.returncode == 0, ran.stderr
    found = trace.launches(tmp_path / "traces")
    assert {each.rank for each in found} == {0, 1}
    assert {len(each.cores) for each in found} == {8}
    assert all(each.total.instructions["V"] > 0 and each.microseconds > 0 for each in found)
    assert "PASSED" in ran.stdout
    assert f"{found[0].total.instructions['V']}" in ran.stdout
    assert picture.stat().st_size > 10_000
