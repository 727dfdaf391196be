# SPDX-License-Identifier: Apache-2.0
"""The commands: env and run give other programs a working environment, doctor an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aclnn_moe import cli
from aclnn_moe._ffi import discovery


def command(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aclnn_moe.cli", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **extra},
    )


@pytest.fixture
def odd_home(tmp_path: Path) -> Path:
    """A home whose path needs quoting."""
    home = tmp_path / "it's a $HOME"
    (home / "lib64").mkdir(parents=True)
    for name in discovery.REQUIRED_LIBRARIES:
        (home / "lib64" / name).write_bytes(b"")
    (home / "version.info").write_text("Package=aclnn_moe_host\n")
    return home


def test_environment_keeps_the_library_path_and_adds_each_folder_once(odd_home: Path) -> None:
    environ = {"ASCEND_HOME_PATH": str(odd_home), "LD_LIBRARY_PATH": f":/a:{odd_home}/lib64:/b:"}
    assert cli.environment(environ) == {
        "ACLNN_MOE_DEVICE": "host",
        "ASCEND_HOME_PATH": str(odd_home),
        "ASCEND_TOOLKIT_HOME": str(odd_home),
        "ASCEND_OPP_PATH": str(odd_home / "opp"),
        "LD_LIBRARY_PATH": f"{odd_home}/lib64:/a:/b",
        "CMAKE_PREFIX_PATH": str(odd_home),
    }


def test_environment_adds_the_operator_packages_for_compiler_and_program(odd_home: Path) -> None:
    package = odd_home / "opp" / "vendors" / "mine" / "op_api"
    (package / "lib").mkdir(parents=True)
    (package / "lib" / "libcust_opapi.so").write_bytes(b"")
    (odd_home / "opp" / "vendors" / "config.ini").write_text("load_priority=mine\n")
    environ = {"ASCEND_HOME_PATH": str(odd_home), "CPATH": "/include", "LIBRARY_PATH": ":"}
    added = cli.environment(environ)
    assert added["LD_LIBRARY_PATH"] == f"{odd_home}/lib64:{package}/lib"
    assert added["LIBRARY_PATH"] == f"{package}/lib"
    assert added["CPATH"] == f"{package}/include:/include"
    assert cli.environment({**environ, **added}) == added


def test_environment_is_the_same_when_taken_twice(odd_home: Path) -> None:
    once = cli.environment({"ASCEND_HOME_PATH": str(odd_home)})
    assert cli.environment(once) == once
    assert once["LD_LIBRARY_PATH"] == f"{odd_home}/lib64"


def test_env_prints_exports_that_a_shell_takes_literally(odd_home: Path) -> None:
    extra = {"ASCEND_HOME_PATH": str(odd_home), "LD_LIBRARY_PATH": "/before"}
    done = command("env", **extra)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split("=")[0] for line in done.stdout.splitlines()] == [
        "export ACLNN_MOE_DEVICE",
        "export ASCEND_HOME_PATH",
        "export ASCEND_TOOLKIT_HOME",
        "export ASCEND_OPP_PATH",
        "export LD_LIBRARY_PATH",
        "export CMAKE_PREFIX_PATH",
    ]
    script = f'{done.stdout}\nprintf "%s\\n" "$ASCEND_HOME_PATH" "$LD_LIBRARY_PATH"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    assert shell.stdout == f"{odd_home}\n{odd_home}/lib64:/before\n"


def test_env_fails_where_nothing_is_found(tmp_path: Path) -> None:
    done = command("env", ACLNN_MOE_DEVICE="npu", ASCEND_HOME_PATH=str(tmp_path / "gone"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("aclnn-moe env: ACLNN_MOE_DEVICE=npu, but ")
    assert f"{tmp_path}/gone: no such folder" in done.stderr


def test_run_gives_a_command_the_environment_and_its_own_options(odd_home: Path) -> None:
    code = "import os, sys; print(os.environ['ASCEND_HOME_PATH'], sys.argv[1:])"
    words = (sys.executable, "-c", code, "--help", "--", "x")
    done = command("run", "--", *words, ASCEND_HOME_PATH=str(odd_home))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{odd_home} ['--help', '--', 'x']\n"


@pytest.mark.parametrize("status", [0, 1, 42])
def test_run_ends_with_the_status_of_the_command(odd_home: Path, status: int) -> None:
    done = command("run", "sh", "-c", f"exit {status}", ASCEND_HOME_PATH=str(odd_home))
    assert done.returncode == status


def test_run_dies_as_the_command_dies(odd_home: Path) -> None:
    done = command("run", "--", "sh", "-c", "kill -9 $$", ASCEND_HOME_PATH=str(odd_home))
    assert done.returncode == -9


@pytest.mark.parametrize("words", [(), ("--",)])
def test_run_without_a_command_is_a_usage_error(words: tuple[str, ...]) -> None:
    done = command("run", *words)
    assert done.returncode == 2
    assert "run: no command; usage: aclnn-moe run -- CMD" in done.stderr


def test_run_refuses_options_of_its_own() -> None:
    done = command("run", "--verbose", "ls")
    assert done.returncode == 2
    assert "run: unknown option --verbose" in done.stderr


def test_run_says_what_cannot_be_run(odd_home: Path, tmp_path: Path) -> None:
    extra = {"ASCEND_HOME_PATH": str(odd_home)}
    done = command("run", "--", "no-such-command-anywhere", **extra)
    assert done.returncode == 127
    assert "no-such-command-anywhere: No such file or directory" in done.stderr
    (tmp_path / "plain").write_text("")
    done = command("run", "--", str(tmp_path / "plain"), **extra)
    assert done.returncode == 126
    assert "Permission denied" in done.stderr


def test_doctor_passes_on_the_installed_package() -> None:
    done = command("doctor", COLUMNS="200")
    assert done.returncode == 0, done.stdout + done.stderr
    for part in (
        "Operator packages in search order",
        "Paths tried, in order",
        "HCCL_BUFFSIZE now",
        "aclnnMoeDistributeCombineAddRmsNorm",
        "everything needed is here",
    ):
        assert part in done.stdout


def test_doctor_computes_the_buffer_for_a_setting() -> None:
    words = ("doctor", "--bs", "8", "--h", "7168", "--k", "8", "--experts", "32", "--ep", "16")
    done = command(*words, COLUMNS="200")
    assert done.returncode == 0
    assert "9 MB" in done.stdout
    done = command(*words, COLUMNS="200", HCCL_BUFFSIZE="8")
    assert done.returncode == 1
    assert "HCCL_BUFFSIZE is 8 MB and this setting needs 9" in done.stdout


def test_doctor_asks_for_the_rest_of_a_setting() -> None:
    done = command("doctor", "--bs", "8", "--h", "7168")
    assert done.returncode == 2
    assert "a setting also needs --k, --experts, --ep" in done.stderr


def test_doctor_refuses_a_setting_out_of_range() -> None:
    words = ("--bs", "8", "--h", "7168", "--k", "8", "--experts", "33", "--ep", "16")
    done = command("doctor", *words)
    assert done.returncode == 1
    assert "aclnn-moe doctor: moe_expert_num is 33: want a multiple of 16" in done.stderr


def test_doctor_fails_where_nothing_works(odd_home: Path) -> None:
    done = command("doctor", COLUMNS="200", ASCEND_HOME_PATH=str(odd_home))
    assert done.returncode == 1
    assert "problem: " in done.stdout
    assert "the operator cannot run as it is" in done.stdout


def test_doctor_reports_a_device_kind_that_does_not_exist() -> None:
    done = command("doctor", ACLNN_MOE_DEVICE="gpu")
    assert done.returncode == 1
    assert "problem: ACLNN_MOE_DEVICE is 'gpu': want 'npu' (CANN)" in done.stdout


def test_commands_are_named_in_the_help() -> None:
    done = command("--help")
    assert done.returncode == 0
    for name in ("demo", "doctor", "env", "run"):
        assert f"  {name} " in done.stdout
    assert command().returncode == 2
    assert command("dance").returncode == 2


def test_demo_has_every_size_for_an_option() -> None:
    done = command("demo", "--help")
    assert done.returncode == 0
    assert "usage: aclnn-moe demo" in done.stdout
