# SPDX-License-Identifier: Apache-2.0
"""A half-set CANN environment: what is said of each variable, and when nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from aclnn_moe import variables
from aclnn_moe._ffi import discovery


def make_home(home: Path, *, host: bool = False) -> Path:
    for folder in ("lib64", "opp", "runtime", "compiler"):
        (home / folder).mkdir(parents=True)
    for name in discovery.REQUIRED_LIBRARIES:
        (home / "lib64" / name).write_bytes(b"")
    (home / "version.info").write_text("Package=aclnn_moe_host\n" if host else "Version=8.1\n")
    return home


@pytest.fixture
def cann(tmp_path: Path) -> Path:
    return make_home(tmp_path / "cann")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return make_home(tmp_path / "host", host=True)


@pytest.fixture
def npu(tmp_path: Path) -> Path:
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / "davinci0").touch()
    return folder


def sourced(home: Path, **others: object) -> dict[str, str]:
    """Environment after the whole set_env.sh of ``home``."""
    whole = {
        "ASCEND_HOME_PATH": home,
        "ASCEND_TOOLKIT_HOME": home,
        "ASCEND_OPP_PATH": home / "opp",
        "LD_LIBRARY_PATH": f"{home}/lib64:",
    }
    return {name: str(value) for name, value in (whole | others).items() if value is not None}


def judge(environ: dict[str, str], devices: Path, host: Path) -> list[str]:
    found = discovery.find(environ, devices=devices, host_homes=[host])
    return variables.contradictions(environ, found)


def test_whole_environment_has_no_contradiction(cann: Path, host: Path, npu: Path) -> None:
    assert judge(sourced(cann), npu, host) == []
    assert judge(sourced(host), npu, host) == []
    assert judge({}, npu, host) == []


def test_home_through_a_link_is_the_same_home(cann: Path, host: Path, npu: Path) -> None:
    latest = cann.parent / "latest"
    latest.symlink_to(cann)
    mixed = sourced(cann, ASCEND_TOOLKIT_HOME=latest, LD_LIBRARY_PATH=latest / "lib64")
    assert judge(mixed, npu, host) == []


@pytest.mark.parametrize("folder", ["runtime", "compiler"])
def test_home_without_a_folder_that_torch_npu_wants(
    cann: Path, host: Path, npu: Path, folder: str
) -> None:
    (cann / folder).rmdir()
    assert judge(sourced(cann), npu, host) == [
        f"ASCEND_HOME_PATH names {cann}, which has no folder {folder}: torch_npu refuses to start; "
        "remedy: source the whole set_env.sh of one CANN, or unset ASCEND_HOME_PATH and start "
        "programs by `aclnn-moe run -- CMD`"
    ]


def test_home_without_operators_variable(cann: Path, host: Path, npu: Path) -> None:
    assert judge(sourced(cann, ASCEND_OPP_PATH=None), npu, host) == [
        "ASCEND_HOME_PATH is set without ASCEND_OPP_PATH, half of CANN's set_env.sh: torch_npu "
        f"refuses to start; remedy: export ASCEND_OPP_PATH={cann}/opp, or start programs by "
        "`aclnn-moe run -- CMD`"
    ]


@pytest.mark.parametrize("name", ["ASCEND_OPP_PATH", "ASCEND_TOOLKIT_HOME"])
def test_variable_without_home(host: Path, npu: Path, name: str) -> None:
    assert judge({name: str(host)}, npu, host) == [
        f"{name} is set without ASCEND_HOME_PATH, half of CANN's set_env.sh; remedy: source the "
        f"whole set_env.sh of one CANN, or unset {name}"
    ]


def test_operators_of_another_home(tmp_path: Path, cann: Path, host: Path, npu: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert judge(sourced(cann, ASCEND_OPP_PATH=other), npu, host) == [
        f"ASCEND_OPP_PATH is {other}, and not {cann}/opp of the home that is used: operators of "
        "one release would run in another; remedy: source the whole set_env.sh of one CANN"
    ]


def test_toolkit_of_another_home(tmp_path: Path, cann: Path, host: Path, npu: Path) -> None:
    other = make_home(tmp_path / "other")
    assert judge(sourced(cann, ASCEND_TOOLKIT_HOME=other), npu, host) == [
        f"ASCEND_HOME_PATH is {cann} and ASCEND_TOOLKIT_HOME is {other}: some programs follow one, "
        "some the other; remedy: source the whole set_env.sh of one CANN"
    ]


def test_libraries_of_another_home_come_first(
    tmp_path: Path, cann: Path, host: Path, npu: Path
) -> None:
    other = tmp_path / "other" / "lib64"
    other.mkdir(parents=True)
    for name in ("libascendcl.so", "libhccl.so"):
        (other / name).write_bytes(b"")
    first = sourced(cann, LD_LIBRARY_PATH=f"{other}:{cann}/lib64")
    assert judge(first, npu, host) == [
        f"LD_LIBRARY_PATH finds libascendcl.so, libhccl.so in {other}, before {cann}/lib64: other "
        f"programs would mix two homes; remedy: take {other} out of LD_LIBRARY_PATH, or start "
        "programs by `aclnn-moe run -- CMD`"
    ]
    after = sourced(cann, LD_LIBRARY_PATH=f"{cann}/lib64:{other}")
    assert judge(after, npu, host) == []


def test_home_of_cann_while_the_host_device_is_forced(cann: Path, host: Path, npu: Path) -> None:
    found = judge(sourced(cann, ACLNN_MOE_DEVICE="host"), npu, host)
    assert found[0] == (
        f"ASCEND_HOME_PATH names {cann}, which other programs of this shell follow, while "
        "aclnn_moe uses the host device (ACLNN_MOE_DEVICE=host); remedy: start programs by "
        "`aclnn-moe run -- CMD`"
    )
    assert found[1].startswith(f"LD_LIBRARY_PATH finds {discovery.REQUIRED_LIBRARIES[0]}, ")
    assert len(found) == 2


def test_home_of_cann_that_lacks_a_library(cann: Path, host: Path, npu: Path) -> None:
    (cann / "lib64" / "libhccl.so").unlink()
    found = judge(sourced(cann), npu, host)
    assert f"aclnn_moe uses the host device ({cann} lacks libhccl.so); remedy: " in found[0]


@pytest.mark.parametrize("name", ["ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME", "ASCEND_OPP_PATH"])
def test_folder_that_does_not_exist(cann: Path, host: Path, npu: Path, name: str) -> None:
    found = judge(sourced(cann, **{name: "/nonexistent/cann"}), npu, host)
    assert found[0] == (
        f"{name} names /nonexistent/cann, which does not exist; remedy: unset it, or source the "
        "whole set_env.sh of one CANN"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ASCEND_HOME_PATH", "cann"),
        ("ASCEND_OPP_PATH", "cann/opp"),
        ("LD_LIBRARY_PATH", "/nonexistent:cann/lib64"),
        ("ASCEND_CUSTOM_OPP_PATH", "cann/opp::"),
    ],
)
def test_relative_path(
    cann: Path, host: Path, npu: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.chdir(cann.parent)
    entry = next(each for each in value.split(":") if each.startswith("cann"))
    assert judge(sourced(cann, **{name: value}), npu, host) == [
        f"{name} names {entry}, which is another folder wherever a program starts; remedy: write "
        f"{cann.parent / entry}"
    ]


@pytest.mark.parametrize(
    ("entry", "what", "remedy"),
    [
        ("gone", "there is no folder {0}/gone", "take it out of ASCEND_CUSTOM_OPP_PATH"),
        ("opp", "{0}/opp is no vendor folder", "name {0}/opp/vendors/mine in its place"),
        ("opp/vendors", "{0}/opp/vendors is no vendor", "name {0}/opp/vendors/mine in its place"),
        (
            "opp/vendors/mine/op_api",
            "{0}/opp/vendors/mine/op_api is no vendor folder",
            "name {0}/opp/vendors/mine in its place",
        ),
        ("empty", "{0}/empty is no vendor folder: it has no op_api/lib/", "install it again"),
    ],
)
def test_custom_path_that_is_no_vendor_folder(
    tmp_path: Path, host: Path, npu: Path, entry: str, what: str, remedy: str
) -> None:
    library = tmp_path / "opp" / "vendors" / "mine" / "op_api" / "lib" / "libcust_opapi.so"
    library.parent.mkdir(parents=True)
    library.touch()
    (tmp_path / "empty").mkdir()
    environ = {"ASCEND_CUSTOM_OPP_PATH": f"{tmp_path}/{entry}"}
    found = discovery.find(environ, devices=npu, host_homes=[host])
    said = dict(found.tried)[f"{tmp_path}/{entry}/op_api/lib/libcust_opapi.so"]
    assert said.startswith(f"missing: {what.format(tmp_path)}")
    assert said.endswith(f"; remedy: {remedy.format(tmp_path)}")
    assert found.vendor_libraries == []


def test_loader_finds_libraries_on_the_path_and_in_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libcached.so\0/usr/lib/libcached.so\0")
    monkeypatch.setattr(variables, "_LOADER_CACHE", cache)
    (tmp_path / "libnamed.so").touch()
    environ = {"LD_LIBRARY_PATH": f":{tmp_path}"}
    assert variables.loader_finds(environ, "libnamed.so")
    assert variables.loader_finds({}, "libcached.so")
    assert not variables.loader_finds({}, "libnamed.so")
    monkeypatch.setattr(variables, "_LOADER_CACHE", tmp_path / "gone")
    assert not variables.loader_finds(environ, "libcached.so")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ACLNN_MOE_HOST_KERNEL", "gpu", "is gpu; remedy: host_cpu or ascend910_93"),
        ("ACLNN_MOE_HOST_KERNEL_CHECK", "yes", "is yes; remedy: 1 for the kernel's checks"),
        ("ACLNN_MOE_HOST_KERNEL_CORES", "49", "is 49; remedy: vector cores of a rank, 1 to 48"),
        ("ACLNN_MOE_HOST_KERNEL_CORES", "0", "is 0; remedy: vector cores of a rank, 1 to 48"),
        ("ACLNN_MOE_HOST_KERNEL_TRACE", "/nowhere", "names /nowhere, which is no folder"),
    ],
)
def test_a_wrong_value_for_the_host_kernel_is_named(name: str, value: str, said: str) -> None:
    environ = {"ACLNN_MOE_HOST_KERNEL": "ascend910_93", name: value}
    assert [text for text in variables.contradictions(environ, None) if f"{name} {said}" in text]


def test_what_host_cpu_does_not_look_at_is_named() -> None:
    environ = {"ACLNN_MOE_HOST_KERNEL_CHECK": "1"}
    (text,) = variables.contradictions(environ, None)
    assert "ACLNN_MOE_HOST_KERNEL_CHECK set, which the kernel host_cpu does not look at" in text


def test_the_ascend_c_kernel_with_its_options_is_in_order(tmp_path: Path) -> None:
    environ = {
        "ACLNN_MOE_HOST_KERNEL": "ascend910_93",
        "ACLNN_MOE_HOST_KERNEL_CHECK": "1",
        "ACLNN_MOE_HOST_KERNEL_CORES": "8",
        "ACLNN_MOE_HOST_KERNEL_TRACE": str(tmp_path),
    }
    assert variables.contradictions(environ, None) == []
