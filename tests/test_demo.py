# SPDX-License-Identifier: Apache-2.0
"""The demo: what it prints, and its exit status."""

from __future__ import annotations

import argparse
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

from aclnn_moe import cli, demo
from aclnn_moe.workload import Workload

SMALL = ["--ranks", "2", "--bs", "2", "--h", "1024", "--k", "2", "--experts", "4"]
FEW = [*SMALL, "--iterations", "2"]


def test_demo_defaults_are_the_documents_setting() -> None:
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    args = parser.parse_args([])
    assert (args.ranks, args.bs, args.h, args.k, args.experts) == (16, 8, 7168, 8, 32)
    assert args.quant_mode == 0


@pytest.mark.parametrize("more", [[], ["--quant-mode", "2"], ["--quant-mode", "2", "--smooth"]])
def test_demo_passes_and_says_so_per_rank(
    more: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", *FEW, *more]) == demo.EXIT_OK
    printed = capfd.readouterr().out
    assert len(re.findall(r"^ *[01] .* yes +yes ", printed, re.MULTILINE)) == 2
    assert "PASSED: dispatch and x equal bit for bit on all 2 ranks" in printed


def test_demo_counts_rows_sent_and_received(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", *FEW, "--skew", "2"]) == demo.EXIT_OK
    rows = re.findall(r"^ *[01] +(\d+) +(\d+) ", capfd.readouterr().out, re.MULTILINE)
    sent, received = zip(*[(int(one), int(other)) for one, other in rows], strict=True)
    assert sent == (4, 4)
    assert sum(received) == 8


def spoil_x(report: demo.RankReport) -> demo.RankReport:
    x = report.output.x.copy()
    x.view(np.uint16)[0, 0, 5] ^= 1
    return replace(report, output=replace(report.output, x=x))


def spoil_rstd(report: demo.RankReport) -> demo.RankReport:
    rstd = report.output.rstd_out * np.float32(1 + 1e-5)
    return replace(report, output=replace(report.output, rstd_out=rstd))


def spoil_rows(report: demo.RankReport) -> demo.RankReport:
    return replace(report, delivered="0" * 64)


@pytest.mark.parametrize("spoil", [spoil_x, spoil_rstd, spoil_rows])
def test_demo_exits_with_1_and_names_the_rank_that_differs(
    spoil: Callable[[demo.RankReport], demo.RankReport],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    module = sys.modules["aclnn_moe.launch"]
    real = module.launch

    def launch(*args: object, **options: object) -> list[demo.RankReport]:
        first, second = real(*args, **options)
        return [first, spoil(second)]

    monkeypatch.setattr(module, "launch", launch)
    assert cli.main(["demo", *FEW]) == demo.EXIT_MISMATCH
    assert "MISMATCH on 1 of 2 ranks: 1;" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--h", "1000"], "H must be a multiple of 32 in [1024, 8192], got 1000"),
        (["--ranks", "3"], "moe_expert_num must be a multiple of"),
        (["--k", "5"], "k: want at most num_experts = 4, got 5"),
        (["--iterations", "0"], "--iterations: want at least 1, got 0"),
        (["--ranks", "0"], "world_size is 0: want at least 1"),
        (["--timeout", "0.01"], "not done after 0.01 s"),
    ],
)
def test_demo_answers_bad_sizes_with_one_line(
    arguments: list[str], text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", *FEW, *arguments]) == demo.EXIT_REFUSED
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert text in captured.err


def test_demo_without_a_terminal_prints_plain_text() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "aclnn_moe.cli", "demo", *FEW],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert "\x1b" not in run.stdout
    assert run.stdout.splitlines()[-1].startswith("PASSED")
    assert run.stderr == ""


def test_demo_on_a_terminal_shows_a_bar_while_it_runs() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "aclnn_moe.cli", "demo", *SMALL, "--iterations", "300"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while chunk := os.read(ours, 1 << 16):
                printed += chunk
        except OSError:  # how Linux says that the other end of a terminal is closed
            pass
        finally:
            os.close(ours)
    assert process.returncode == 0
    text = printed.decode()
    assert re.search(r"2 ranks.*\d+/600", text)
    assert "PASSED" in text


def test_digest_sees_rows_and_counts_but_not_the_room_behind_them() -> None:
    work = Workload(ep_world_size=2, bs=2, hidden=16, k=2, moe_expert_num=4)
    delivered, _ = work.reference()
    one = delivered[0]
    behind = one.expand_x.copy()
    behind[one.row_num :] = 1
    assert demo.digest(replace(one, expand_x=behind)) == demo.digest(one)
    for change in (
        {"expand_x": one.expand_x + one.expand_x[:1]},
        {"ep_recv_counts": one.ep_recv_counts[::-1]},
        {"expand_idx": one.expand_idx + 1},
    ):
        assert demo.digest(replace(one, **change)) != demo.digest(one)


def test_run_experts_gives_each_row_the_factor_of_its_expert() -> None:
    work = Workload(ep_world_size=2, bs=1, hidden=4, k=1, moe_expert_num=4)
    rows = np.ones((4, 4), np.float32).astype(ml_dtypes.bfloat16)
    outputs = work.run_experts(1, rows, np.zeros(0, np.float32), np.array([1, 2]))
    # Rank 1 has experts 2 and 3: 0.5 + 2/4 and 0.5 + 3/4; the last row was not delivered.
    assert outputs[:, 0].tolist() == [1.0, 1.25, 1.25, 0.0]
