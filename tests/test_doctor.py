# SPDX-License-Identifier: Apache-2.0
"""The doctor: what it finds, what it calls a problem, and the buffer size it computes."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import aclnn_moe
from aclnn_moe import Communicator, opp
from aclnn_moe._ffi import discovery, vendors
from aclnn_moe.buffer_size import Sizes, required_buffer_mb
from aclnn_moe.machine import MEGABYTE, Machine
from aclnn_moe.probe import OPERATORS, Probe, probe

SEED = Sizes(bs=8, h=7168, k=8, moe_expert_num=32, ep_world_size=16)


@pytest.fixture
def host_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "lib64").mkdir(parents=True)
    for name in discovery.REQUIRED_LIBRARIES:
        (home / "lib64" / name).write_bytes(b"")
    (home / "version.info").write_text("Package=aclnn_moe_host\nVersion=9.8.7\n")
    return home


def examine(home: Path, **environ: str) -> aclnn_moe.doctor.Report:  # type: ignore[name-defined]
    return aclnn_moe.doctor(environ={"ASCEND_HOME_PATH": str(home), **environ})


def rows(report: object, title: str) -> list[tuple[str, ...]]:
    return next(list(each.rows) for each in report.sections() if each.title == title)  # type: ignore[attr-defined]


def test_doctor_is_a_function_of_the_package() -> None:
    import aclnn_moe.doctor

    assert callable(aclnn_moe.doctor)


def test_doctor_finds_nothing_wrong_with_the_installed_package() -> None:
    report = aclnn_moe.doctor()
    assert report.ok, report.problems
    assert report.problems == []
    assert report.installation is not None
    assert report.probe is not None
    assert report.probe.devices >= 1
    assert report.probe.soc_name.startswith("Ascend910_93")
    assert set(report.probe.operators) == set(OPERATORS)
    assert report.probe.operators[OPERATORS[0]].endswith("/libopapi.so")
    assert report.probe.operators[OPERATORS[1]].endswith("/op_api/lib/libcust_opapi.so")
    names = [package.name for package in report.packages]
    assert names[-1] == "libopapi"
    assert "aclnn_moe" in names
    assert "everything needed is here" in str(report)


def test_doctor_says_what_is_used_and_why(host_home: Path) -> None:
    report = examine(host_home)
    device = dict(rows(report, "Device"))
    assert device["uses"] == "the host device (CPU)"
    assert device["because"] == "ASCEND_HOME_PATH names a host device"
    assert device["home"] == str(host_home)
    assert device["libraries"] == str(host_home / "lib64")
    assert report.versions["host device"] == "9.8.7"
    tried = [path for path, _ in rows(report, "Paths tried, in order")]
    assert tried == [str(host_home / "lib64"), str(host_home / "opp" / "vendors" / "config.ini")]
    for part in (*tried, "9.8.7", "HCCL_BUFFSIZE now"):
        assert part in str(report)


def test_doctor_calls_a_home_without_the_operator_a_problem(host_home: Path) -> None:
    report = examine(host_home)
    assert not report.ok
    assert len(report.problems) == 1
    assert report.problems[0].startswith(
        f"no operator package of {host_home}/opp exports {opp.OPERATOR}; remedy: "
    )


def test_doctor_reports_a_machine_without_any_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "default_host_homes", lambda: [Path("/nonexistent/host")])
    report = aclnn_moe.doctor(environ={})
    assert report.installation is None
    assert not report.ok
    assert report.problems[0].startswith("neither an NPU with CANN")
    assert ("/nonexistent/host", "no such folder") in report.tried
    assert dict(rows(report, "Device"))["uses"] == "nothing: no usable CANN and no host device"
    assert "problem: neither an NPU" in str(report)


def test_doctor_reports_a_device_kind_that_does_not_exist() -> None:
    report = aclnn_moe.doctor(environ={"ACLNN_MOE_DEVICE": "gpu"})
    assert report.problems == [
        "ACLNN_MOE_DEVICE is 'gpu': want 'npu' (CANN), 'host' (the CPU) or nothing"
    ]


def test_doctor_shows_operator_packages_and_warns_of_broken_ones(
    tmp_path: Path, host_home: Path
) -> None:
    good, loose = tmp_path / "good", tmp_path / "loose"
    for vendor in (good, loose):
        (vendor / vendors.LIBRARY).parent.mkdir(parents=True)
        (vendor / vendors.LIBRARY).write_bytes(b"not a library")
    (loose / vendors.LIBRARY).chmod(0o666)
    report = examine(host_home, ASCEND_CUSTOM_OPP_PATH=f"{good}:{loose}")
    listed = rows(report, "Operator packages in search order")
    assert [row[:5] for row in listed] == [
        ("1", "good", "-", "-", "nothing for this operator"),
        ("2", "libopapi", "9.8.7", "-", "nothing for this operator"),
    ]
    assert any(
        str(loose) in warning and "skipped: " in warning and "writable by everybody" in warning
        for warning in report.warnings
    )
    assert any(warning.startswith("operator package good: ") for warning in report.warnings)


def test_doctor_shows_the_environment_without_its_secret(host_home: Path) -> None:
    extra = {"ACLNN_MOE_RENDEZVOUS_KEY": "hunter2", "HCCL_EXEC_TIMEOUT": "60", "HOME": "/root"}
    report = examine(host_home, **extra)
    assert report.environment == {
        "ACLNN_MOE_RENDEZVOUS_KEY": "(set)",
        "ASCEND_HOME_PATH": str(host_home),
        "HCCL_EXEC_TIMEOUT": "60",
    }
    assert "hunter2" not in str(report)


def test_doctor_warns_of_half_an_environment(host_home: Path) -> None:
    report = examine(host_home, ASCEND_OPP_PATH="/nonexistent/opp")
    text = "ASCEND_OPP_PATH names /nonexistent/opp, which does not exist; remedy: unset it"
    assert any(warning.startswith(text) for warning in report.warnings)
    report = aclnn_moe.doctor(environ={"ASCEND_OPP_PATH": str(host_home)})
    assert any("half of CANN's set_env.sh" in warning for warning in report.warnings)


@pytest.mark.parametrize(("value", "megabytes"), [(None, 200), ("", 200), ("1", 1), ("4096", 4096)])
def test_doctor_reads_the_buffer_size(host_home: Path, value: str | None, megabytes: int) -> None:
    report = examine(host_home, **({} if value is None else {"HCCL_BUFFSIZE": value}))
    assert report.buffer_mb == megabytes


@pytest.mark.parametrize("value", ["0", "-5", "200MB", "1.5"])
def test_doctor_calls_a_malformed_buffer_size_a_problem(host_home: Path, value: str) -> None:
    report = examine(host_home, HCCL_BUFFSIZE=value)
    assert report.buffer_mb is None
    assert f"HCCL_BUFFSIZE is '{value}': want megabytes" in "\n".join(report.problems)


def test_doctor_compares_the_buffer_with_a_setting(host_home: Path) -> None:
    sizes = Sizes(bs=64, h=7168, k=8, moe_expert_num=256, ep_world_size=16)
    needed = sizes.required_buffer_mb()
    report = aclnn_moe.doctor(sizes=sizes, environ={"ASCEND_HOME_PATH": str(host_home)})
    assert report.required_mb == needed > 200
    assert any(f"export HCCL_BUFFSIZE={needed}" in problem for problem in report.problems)
    buffer = dict(rows(report, "Exchange buffer"))
    assert buffer["HCCL_BUFFSIZE now"] == "200 MB (default)"
    assert buffer["HCCL_BUFFSIZE needed"] == f"{needed} MB"
    enough = {"ASCEND_HOME_PATH": str(host_home), "HCCL_BUFFSIZE": str(needed)}
    report = aclnn_moe.doctor(sizes=sizes, environ=enough)
    assert not any("HCCL_BUFFSIZE" in problem for problem in report.problems)


def test_doctor_refuses_a_setting_out_of_range() -> None:
    with pytest.raises(ValueError, match="bs is 0: want at least 1"):
        aclnn_moe.doctor(sizes=Sizes(bs=0, h=1, k=1, moe_expert_num=2, ep_world_size=2), environ={})


def test_buffer_size_follows_the_formula() -> None:
    # 2 local experts x 8 tokens x 16 ranks of 14848 bytes, 8 x 8 rows of 14336, both twice.
    assert 2 * (2 * 8 * 16 * 14848 + 8 * 8 * 14336) == 9437184
    assert SEED.required_buffer_mb() == 9


@pytest.mark.parametrize(
    ("sizes", "bytes_needed"),
    [
        # A row of 1024 bf16 is 2048 bytes, 2560 with its tail and aligned; 1216 fill 2496 of 2560.
        ({"h": 1024}, 2 * (16 * 64 * 2 * 2560 + 8 * 64 * 2048)),
        ({"h": 1216}, 2 * (16 * 64 * 2 * 2560 + 8 * 64 * 2560)),
        ({"h": 1248}, 2 * (16 * 64 * 2 * 2560 + 8 * 64 * 2560)),
        ({"h": 1280}, 2 * (16 * 64 * 2 * 3072 + 8 * 64 * 2560)),
        # One shared expert without ranks of its own means none.
        ({"shared_expert_num": 1}, 2 * (16 * 64 * 2 * 14848 + 8 * 64 * 14336)),
        ({"shared_expert_num": 0}, 2 * (16 * 64 * 2 * 14848 + 8 * 64 * 14336)),
        # With one rank for it the other holds all 32 experts, and a token sends one row more.
        (
            {"shared_expert_num": 1, "shared_expert_rank_num": 1},
            2 * (32 * 64 * 2 * 14848 + 9 * 64 * 14336),
        ),
    ],
)
def test_buffer_size_is_rounded_up_to_megabytes(sizes: dict[str, int], bytes_needed: int) -> None:
    setting = {"bs": 64, "h": 7168, "k": 8, "moe_expert_num": 32, "ep_world_size": 2} | sizes
    assert required_buffer_mb(**setting) == -(-bytes_needed // MEGABYTE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"h": 0}, "h is 0: want at least 1"),
        ({"k": -1}, "k is -1: want at least 1"),
        ({"moe_expert_num": 33}, "moe_expert_num is 33: want a multiple of 2"),
        ({"shared_expert_num": -1}, "shared_expert_num is -1: want at least 0"),
        ({"shared_expert_rank_num": 2}, "shared_expert_rank_num is 2: want 0 to 1"),
    ],
)
def test_buffer_size_refuses_numbers_out_of_range(changes: dict[str, int], message: str) -> None:
    setting = {"bs": 8, "h": 7168, "k": 8, "moe_expert_num": 32, "ep_world_size": 2} | changes
    with pytest.raises(ValueError, match=message):
        required_buffer_mb(**setting)


@pytest.mark.parametrize(
    "sizes",
    [
        Sizes(bs=8, h=7168, k=8, moe_expert_num=32, ep_world_size=4),
        Sizes(bs=64, h=7168, k=8, moe_expert_num=256, ep_world_size=8),
        Sizes(bs=512, h=8192, k=16, moe_expert_num=16, ep_world_size=2, shared_expert_num=0),
        Sizes(bs=7, h=1248, k=1, moe_expert_num=1024, ep_world_size=2),
        Sizes(bs=33, h=4096, k=5, moe_expert_num=9, ep_world_size=3),
    ],
    ids=str,
)
def test_buffer_size_agrees_with_what_the_library_asks_for(sizes: Sizes) -> None:
    info = Communicator.root_info()
    ep = sizes.ep_world_size

    def join(rank: int) -> Communicator:
        return Communicator.from_root_info(info, ep, rank, device=rank, buffer_mb=1)

    with ThreadPoolExecutor(ep) as pool:
        ranks = list(pool.map(join, range(ep)))
    x = np.zeros((sizes.bs, sizes.h), ml_dtypes.bfloat16)
    expert_ids = np.tile(np.arange(sizes.k, dtype=np.int32), (sizes.bs, 1))
    try:
        with pytest.raises(aclnn_moe.AclError, match="561002") as caught:
            aclnn_moe.moe_distribute_dispatch_v2(
                x,
                expert_ids,
                ranks[0],
                moe_expert_num=sizes.moe_expert_num,
                shared_expert_num=sizes.shared_expert_num,
            )
    finally:
        for rank in ranks:
            rank.close()
    found = re.search(r"need (\d+) MB", caught.value.message)
    assert found is not None, caught.value.message
    assert int(found[1]) == sizes.required_buffer_mb()


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_machine_takes_the_tighter_of_memory_and_cgroup(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   4096 kB\n")
    assert Machine.read(tmp_path).memory_left == 4096 * 1024
    write(tmp_path, "proc/self/cgroup", "0::/a/b\n")
    write(tmp_path, "sys/fs/cgroup/a/b/memory.max", "max\n")
    write(tmp_path, "sys/fs/cgroup/a/b/memory.current", "100\n")
    assert Machine.read(tmp_path).cgroup_left is None
    write(tmp_path, "sys/fs/cgroup/a/memory.max", "5000\n")
    write(tmp_path, "sys/fs/cgroup/a/memory.current", "2000\n")
    machine = Machine.read(tmp_path)
    assert (machine.cgroup_left, machine.memory_left) == (3000, 3000)


def test_machine_reads_a_cgroup_of_version_1(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "3:cpu,cpuacct:/x\n2:memory:/x\n")
    write(tmp_path, "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "7000\n")
    write(tmp_path, "sys/fs/cgroup/memory/x/memory.usage_in_bytes", "8000\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.usage_in_bytes", "9000\n")
    assert Machine.read(tmp_path).cgroup_left == 0


def test_machine_without_proc_knows_no_memory(tmp_path: Path) -> None:
    machine = Machine.read(tmp_path)
    assert machine.memory_left is None
    assert machine.cores >= 1


def test_probe_reports_libraries_that_cannot_be_loaded(
    host_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASCEND_HOME_PATH", str(host_home))
    answers = probe()
    assert "cannot load libascendcl.so" in answers.problem
    report = aclnn_moe.doctor()
    assert answers.problem in report.problems


def test_probe_survives_a_process_that_dies_or_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        code = "import os; os.abort()"
        return original([sys.executable, "-c", code], **options)  # type: ignore[call-overload]

    original = subprocess.run
    monkeypatch.setattr(subprocess, "run", run)
    assert probe().problem.startswith("loading the libraries ended with status -6")
    monkeypatch.undo()
    assert probe(timeout=0.001) == Probe(problem="loading the libraries did not end within 0.001 s")
