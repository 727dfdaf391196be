# SPDX-License-Identifier: Apache-2.0
"""How a process finds its device: layouts of CANN homes, forced choices, operator libraries."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import numpy as np  # noqa: F401
import pytest

from aclnn_moe import opp
from aclnn_moe._ffi import discovery, elf, vendors

MACHINE = platform.machine()
# Any compiled library will do; this one moved between NumPy 1 and 2.
NUMPY_LIBRARY = next(
    Path(module.__file__)
    for name, module in sys.modules.items()
    if name.endswith("._multiarray_umath") and str(module.__file__).endswith(".so")
)
OPAPI_FOLDER = f"opp/built-in/op_impl/ai_core/tbe/op_api/lib/linux/{MACHINE}"


def make_libraries(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or discovery.REQUIRED_LIBRARIES:
        (folder / name).write_bytes(b"")
    return folder


def make_vendor(folder: Path) -> Path:
    library = folder / vendors.LIBRARY
    library.parent.mkdir(parents=True)
    library.write_bytes(b"")
    return library


def make_config(opp_path: Path, *names: str) -> None:
    (opp_path / "vendors").mkdir(parents=True, exist_ok=True)
    (opp_path / "vendors" / "config.ini").write_text(f"load_priority={','.join(names)}\n")


@pytest.fixture
def npu(tmp_path: Path) -> Path:
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / "davinci0").touch()
    (folder / "davinci_manager").touch()
    return folder


@pytest.fixture
def no_npu(tmp_path: Path) -> Path:
    folder = tmp_path / "nodev"
    folder.mkdir()
    return folder


@pytest.fixture
def host_home(tmp_path: Path) -> Path:
    home = tmp_path / "host"
    make_libraries(home / "lib64")
    (home / "version.info").write_text("Package=aclnn_moe_host\nVersion=0.1.0\n")
    return home


@pytest.mark.parametrize(
    ("layout", "root"),
    [
        ({"lib64": ()}, ""),
        ({f"{MACHINE}-linux/lib64": ()}, ""),
        ({"latest/lib64": ()}, "latest"),
        ({f"latest/{MACHINE}-linux/lib64": ()}, "latest"),
        ({"ascend-toolkit/latest/lib64": ()}, "ascend-toolkit/latest"),
        ({"cann/lib64": ()}, "cann"),
        (
            {
                "runtime/lib64": ("libascendcl.so",),
                "compiler/lib64": ("libnnopbase.so", "libopapi.so"),
                "hccl/lib64": ("libhccl.so",),
            },
            "",
        ),
        (
            {
                "runtime/lib64": ("libascendcl.so",),
                "fwkacllib/lib64": ("libnnopbase.so", "libopapi.so", "libhccl.so"),
            },
            "",
        ),
        (
            {
                "lib64": ("libascendcl.so", "libnnopbase.so", "libhccl.so"),
                OPAPI_FOLDER: ("libopapi.so",),
            },
            "",
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else None,
)
def test_discovery_finds_each_layout_of_cann(
    tmp_path: Path, npu: Path, layout: dict[str, tuple[str, ...]], root: str
) -> None:
    home = tmp_path / "Ascend"
    folders = [make_libraries(home / folder, *names) for folder, names in layout.items()]

    found = discovery.find({"ASCEND_HOME_PATH": str(home)}, devices=npu, host_homes=[])

    assert found.kind == "npu"
    assert found.home == home / root
    assert found.library_dirs == folders
    for name in discovery.REQUIRED_LIBRARIES:
        assert found.library(name).is_file()
    assert found.reason == f"ASCEND_HOME_PATH={home} and {npu}/davinci0"


def test_discovery_takes_the_host_device_without_any_variable(host_home: Path, npu: Path) -> None:
    found = discovery.find({}, devices=npu, host_homes=[host_home])

    assert (found.kind, found.home) == ("host", host_home)
    assert found.library_dirs == [host_home / "lib64"]
    assert found.opp_path == host_home / "opp"
    assert found.reason == "ASCEND_HOME_PATH is not set"
    assert ("ASCEND_HOME_PATH", "not set") in found.tried


def test_discovery_takes_the_host_device_where_no_npu_is(
    tmp_path: Path, host_home: Path, no_npu: Path
) -> None:
    cann = tmp_path / "Ascend"
    make_libraries(cann / "lib64")

    found = discovery.find(
        {"ASCEND_HOME_PATH": str(cann), "ASCEND_OPP_PATH": str(cann / "opp")},
        devices=no_npu,
        host_homes=[host_home],
    )

    assert (found.kind, found.home) == ("host", host_home)
    assert "no NPU" in found.reason
    # CANN's own operators need an NPU.
    assert found.opp_path == host_home / "opp"


def test_discovery_names_the_library_that_a_cann_home_lacks(
    tmp_path: Path, host_home: Path, npu: Path
) -> None:
    cann = tmp_path / "Ascend"
    make_libraries(cann / "lib64", "libascendcl.so", "libnnopbase.so", "libopapi.so")

    found = discovery.find({"ASCEND_HOME_PATH": str(cann)}, devices=npu, host_homes=[host_home])

    assert found.kind == "host"
    assert found.reason == f"{cann} lacks libhccl.so"
    assert (str(cann / "lib64"), "libascendcl.so, libnnopbase.so, libopapi.so") in found.tried


def test_discovery_is_forced_to_host(tmp_path: Path, host_home: Path, npu: Path) -> None:
    cann = tmp_path / "Ascend"
    make_libraries(cann / "lib64")
    environ = {"ASCEND_HOME_PATH": str(cann), "ACLNN_MOE_DEVICE": "host"}

    found = discovery.find(environ, devices=npu, host_homes=[host_home])

    assert (found.kind, found.home) == ("host", host_home)
    assert found.reason == "ACLNN_MOE_DEVICE=host"


def test_discovery_is_forced_to_npu_without_a_device_node(tmp_path: Path, no_npu: Path) -> None:
    cann = tmp_path / "Ascend"
    make_libraries(cann / "lib64")
    environ = {"ASCEND_HOME_PATH": str(cann), "ACLNN_MOE_DEVICE": "npu"}

    found = discovery.find(environ, devices=no_npu, host_homes=[])

    assert (found.kind, found.home, found.reason) == ("npu", cann, "ACLNN_MOE_DEVICE=npu")


def test_discovery_refuses_npu_by_force_without_cann(
    tmp_path: Path, host_home: Path, npu: Path
) -> None:
    missing = tmp_path / "nowhere"
    environ = {"ASCEND_HOME_PATH": str(missing), "ACLNN_MOE_DEVICE": "npu"}

    with pytest.raises(discovery.DiscoveryError, match="does not exist") as caught:
        discovery.find(environ, devices=npu, host_homes=[host_home])

    assert (str(missing), "no such folder") in caught.value.tried
    assert f"{missing}: no such folder" in str(caught.value)


def test_discovery_refuses_npu_by_force_with_a_host_home(host_home: Path, npu: Path) -> None:
    environ = {"ASCEND_HOME_PATH": str(host_home), "ACLNN_MOE_DEVICE": "npu"}

    with pytest.raises(discovery.DiscoveryError, match="is the host device"):
        discovery.find(environ, devices=npu, host_homes=[host_home])


def test_discovery_refuses_an_unknown_device_kind() -> None:
    with pytest.raises(ValueError, match="ACLNN_MOE_DEVICE is 'gpu': want 'npu'"):
        discovery.find({"ACLNN_MOE_DEVICE": "gpu"})


def test_discovery_takes_a_host_home_named_by_ascend_home_path(
    tmp_path: Path, host_home: Path, npu: Path
) -> None:
    shipped = tmp_path / "shipped"
    make_libraries(shipped / "lib64")
    opp_path = tmp_path / "opp"
    environ = {"ASCEND_HOME_PATH": str(host_home), "ASCEND_OPP_PATH": str(opp_path)}

    found = discovery.find(environ, devices=npu, host_homes=[shipped])

    assert (found.kind, found.home) == ("host", host_home)
    assert found.opp_path == opp_path
    assert found.reason == "ASCEND_HOME_PATH names a host device"


def test_discovery_lists_all_it_tried_when_nothing_is_there(tmp_path: Path, npu: Path) -> None:
    with pytest.raises(discovery.DiscoveryError, match="neither an NPU") as caught:
        discovery.find({}, devices=npu, host_homes=[tmp_path / "a", tmp_path / "b"])

    assert caught.value.tried == [
        ("ASCEND_HOME_PATH", "not set"),
        (str(tmp_path / "a"), "no such folder"),
        (str(tmp_path / "b"), "no such folder"),
    ]


def test_discovery_library_refuses_an_unknown_name(host_home: Path, no_npu: Path) -> None:
    found = discovery.find({}, devices=no_npu, host_homes=[host_home])

    with pytest.raises(discovery.DiscoveryError, match=r"libge\.so is in no library folder"):
        found.library("libge.so")


def test_operator_libraries_follow_the_search_order_of_cann(
    tmp_path: Path, host_home: Path, no_npu: Path
) -> None:
    first = make_vendor(tmp_path / "custom" / "one")
    second = make_vendor(tmp_path / "custom" / "two")
    opp_path = host_home / "opp"
    beta = make_vendor(opp_path / "vendors" / "beta")
    alpha = make_vendor(opp_path / "vendors" / "alpha")
    make_vendor(opp_path / "vendors" / "unlisted")
    make_config(opp_path, "beta", "gone", "alpha")
    environ = {"ASCEND_CUSTOM_OPP_PATH": f"{tmp_path}/custom/one::{tmp_path}/custom/two"}

    found = discovery.find(environ, devices=no_npu, host_homes=[host_home])

    assert found.vendor_libraries == [first, second, beta, alpha]
    gone = opp_path / "vendors" / "gone" / vendors.LIBRARY
    config = opp_path / "vendors" / "config.ini"
    remedy = f"take it out of load_priority of {config}"
    text = f"missing: there is no folder {opp_path}/vendors/gone; remedy: {remedy}"
    assert (str(gone), text) in found.tried
    assert (str(config), "load_priority=beta,gone,alpha") in found.tried


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("load_priority=a,b\n", ["a", "b"]),
        (" load_priority = a , b ,\n", ["a", "b"]),
        ("# vendors\nother=x\nload_priority=customize", ["customize"]),
        ("load_priority=a,b,a\r\n", ["a", "b"]),
        ("load_priority=\n", []),
    ],
)
def test_load_priority_is_read(tmp_path: Path, text: str, names: list[str]) -> None:
    config = tmp_path / "config.ini"
    config.write_text(text)
    assert vendors.read_load_priority(config) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no line load_priority"),
        ("load_priority\n", "no line load_priority"),
        ("load_priority=../../tmp/evil", "want folder names without '/'"),
        ("load_priority=..", "want folder names without '/'"),
    ],
)
def test_load_priority_refuses_what_it_cannot_follow(
    tmp_path: Path, text: str, message: str
) -> None:
    make_config(tmp_path)
    (tmp_path / "vendors" / "config.ini").write_text(text)

    with pytest.raises(ValueError, match=message):
        vendors.read_load_priority(tmp_path / "vendors" / "config.ini")
    libraries, tried = vendors.find_vendor_libraries(opp_path=tmp_path)

    assert libraries == []
    assert message in tried[0][1]


def test_operator_library_that_everybody_may_write_is_skipped(tmp_path: Path) -> None:
    library = make_vendor(tmp_path / "vendor")
    library.chmod(0o666)

    libraries, tried = vendors.find_vendor_libraries(
        opp_path=tmp_path / "opp", custom_opp_path=str(tmp_path / "vendor")
    )

    assert libraries == []
    assert tried[-1][0] == str(library)
    assert tried[-1][1].startswith("skipped: ")
    assert "is writable by everybody" in tried[-1][1]


@pytest.mark.parametrize(("mode", "trusted"), [(0o777, False), (0o1777, True), (0o755, True)])
def test_operator_library_in_a_folder_of_everybody_needs_the_sticky_bit(
    tmp_path: Path, mode: int, trusted: bool
) -> None:
    library = make_vendor(tmp_path / "vendor")
    library.parent.chmod(mode)
    assert (vendors.distrust(library) == "") is trusted


def test_operator_library_behind_a_link_is_judged_by_its_target(tmp_path: Path) -> None:
    target = make_vendor(tmp_path / "loose")
    target.parent.chmod(0o777)
    library = tmp_path / "vendor" / vendors.LIBRARY
    library.parent.mkdir(parents=True)
    library.symlink_to(target)
    assert str(target.parent) in vendors.distrust(library)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_skips_an_operator_library_of_another_user(tmp_path: Path) -> None:
    library = make_vendor(tmp_path / "vendor")
    assert vendors.distrust(library) == ""
    os.chown(library, 12345, 12345)
    assert "belongs to user 12345 while this process runs as root" in vendors.distrust(library)


def test_an_operator_library_that_this_user_may_not_read_is_passed_over(tmp_path: Path) -> None:
    """Installers let only the owner and the group in, unless told otherwise."""
    folder = tmp_path / "vendor"
    library = make_vendor(folder)
    assert vendors.unreadable(library) == ""
    root = os.geteuid() == 0
    folder.chmod(0o700 if root else 0)
    if root:
        os.seteuid(65534)
    try:
        assert "--install-for-all" in vendors.unreadable(library)
        found, tried = vendors.find_vendor_libraries(
            opp_path=tmp_path / "opp", custom_opp_path=str(folder)
        )
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
    assert found == []
    reason = dict(tried)[str(library)]
    assert reason.startswith("skipped: user ")
    library.chmod(0)
    assert (vendors.unreadable(library) == "") is root
    library.unlink()
    assert vendors.unreadable(library) == ""


def test_elf_lists_what_a_library_exports_and_not_what_it_wants() -> None:
    library = elf.read(NUMPY_LIBRARY)
    assert "PyInit__multiarray_umath" in library.exports
    assert "PyErr_SetString" not in library.exports
    assert library.fits_this_machine


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"\x7fELF\x02\x01" + b"\xff" * 70],
    ids=["empty", "text", "wild offsets"],
)
def test_elf_refuses_what_is_no_library(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a whole 64-bit shared library"):
        elf.read(path)


def test_packages_come_in_search_order_and_end_with_libopapi(host_home: Path, no_npu: Path) -> None:
    opp_path = host_home / "opp"
    library = make_vendor(opp_path / "vendors" / "mine")
    (opp_path / "vendors" / "mine" / "version.info").write_text("Version=2.5\n")
    make_config(opp_path, "mine")

    listed = opp.packages(discovery.find({}, devices=no_npu, host_homes=[host_home]))

    versions = [(each.name, each.version) for each in listed]
    assert versions == [("mine", "2.5"), ("libopapi", "0.1.0")]
    assert listed[0].library == library
    assert not listed[0].ok
    with pytest.raises(ValueError, match=r"operator package mine: .*not a whole"):
        opp.verify(listed[0])


def test_verify_refuses_a_library_without_the_operator(tmp_path: Path) -> None:
    library = tmp_path / "vendor" / vendors.LIBRARY
    library.parent.mkdir(parents=True)
    library.symlink_to(NUMPY_LIBRARY)
    package = opp.read_package(library)

    assert package.ok
    assert package.functions == ()
    with pytest.raises(ValueError, match=f"does not export {opp.OPERATOR}GetWorkspaceSize"):
        opp.verify(package)
