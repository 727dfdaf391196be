# SPDX-License-Identifier: Apache-2.0
"""The operator package's .run: every install is real, in folders of its own.

``ACLNN_MOE_PACKAGE`` names the .run, which build_scripts/build_package.sh makes.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import opp_package
import pytest
from opp_package import (
    NOBODY,
    ROOT,
    VENDOR,
    User,
    check_whole,
    expect,
    repack,
    run,
    set_version,
    snapshot,
)

from aclnn_moe import cli, opp, opp_files
from aclnn_moe._ffi import vendors

RUN_FILE = os.environ.get("ACLNN_MOE_PACKAGE", "")
pytestmark = pytest.mark.skipif(
    not RUN_FILE or not shutil.which("makeself"),
    reason="ACLNN_MOE_PACKAGE is not set: no package was built, or makeself is missing "
    "(apt-get install makeself)",
)
CLI = (sys.executable, "-m", "aclnn_moe.cli", "opp")


@pytest.fixture(scope="module")
def shop() -> Iterator[Path]:
    """A folder that every user may read, with the packages."""
    with tempfile.TemporaryDirectory(prefix="opp-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def package(shop: Path) -> Path:
    return Path(shutil.copy(RUN_FILE, shop / "package.run"))


@pytest.fixture(scope="module")
def newer(shop: Path, package: Path) -> Path:
    return repack(package, shop / "newer.run", set_version("0.10.0"))


@pytest.fixture(params=["root", "ordinary"])
def user(request: pytest.FixtureRequest, shop: Path) -> Iterator[User]:
    """Who installs, with an empty folder of their own."""
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("this process is not root")
    prefix: tuple[str, ...] = ()
    number = os.geteuid()
    if request.param == "ordinary" and number == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root without setpriv (util-linux) cannot become an ordinary user")
        number = NOBODY
        prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    with tempfile.TemporaryDirectory(prefix="user-", dir=shop) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, number, number)
        yield User(folder, prefix, number)


@pytest.fixture
def me(tmp_path: Path) -> User:
    return User(tmp_path)


def add_vendor(opp_path: Path, *priority: str) -> Path:
    """Another vendor in ``opp_path``, named in its config.ini; returns its folder."""
    other = opp_path / "vendors" / "other"
    (other / "op_api" / "lib").mkdir(parents=True)
    (other / "version.info").write_text("Version=7\n")
    (opp_path / "vendors" / "config.ini").write_text(
        f"# by hand\nload_priority={','.join(priority)}\n"
    )
    return other


def priority_of(opp_path: Path) -> str:
    return (opp_path / "vendors" / "config.ini").read_text()


def leftovers(root: Path) -> list[str]:
    return [path.name for path in root.rglob(f".{VENDOR}.*")]


# Where it goes.


def test_install_into_an_empty_path_has_the_layout_of_cann(user: User, package: Path) -> None:
    vendor = user.installed(package, user.folder / "new" / "with spaces and 'quotes'")
    assert [path for path in snapshot(vendor) if (vendor / path).is_file()] == [
        "bin/set_env.bash",
        "manifest.sha256",
        "op_api/include/aclnnop/aclnn_moe_distribute_combine_add_rms_norm.h",
        "op_api/include/aclnnop/aclnn_moe_distribute_combine_add_rms_norm_v2.h",
        "op_api/lib/libcust_opapi.so",
        "scripts/uninstall.sh",
        "scripts/vendors.sh",
        "version.info",
    ]
    assert "compute_unit=host_cpu\n" in (vendor / "version.info").read_text()
    owners = {path.stat().st_uid for path in [vendor.parent, vendor, *vendor.rglob("*")]}
    assert owners == {user.number}
    expect(run("sh", "-c", 'cd "$1" && sha256sum -c manifest.sha256', "-", vendor), 0)
    sourced = run("bash", "-c", '. "$1" && env', "-", vendor / "bin" / "set_env.bash")
    assert f"\nASCEND_CUSTOM_OPP_PATH={vendor}\n" in sourced.stdout
    assert f"\nLD_LIBRARY_PATH={vendor}/op_api/lib\n" in sourced.stdout
    again = run("bash", "-c", '. "$1" && env', "-", vendor / "bin" / "set_env.bash",
                ASCEND_CUSTOM_OPP_PATH="/a", LD_LIBRARY_PATH="/b")  # fmt: skip
    assert f"\nASCEND_CUSTOM_OPP_PATH={vendor}:/a\n" in again.stdout
    assert f"\nLD_LIBRARY_PATH={vendor}/op_api/lib:/b\n" in again.stdout


@pytest.mark.parametrize(("option", "modes"), [("", (0o750, 0o640)), ("all", (0o755, 0o644))])
def test_modes_let_the_group_or_all_read_and_only_the_owner_write(
    me: User, package: Path, option: str, modes: tuple[int, int]
) -> None:
    options = ["--install-for-all"] if option else []
    vendor = me.installed(package, me.folder / "opp", *options)
    for path in [me.folder / "opp", vendor.parent, vendor, *vendor.rglob("*")]:
        wanted = modes[not (path.is_dir() or path.name == "uninstall.sh")]
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_default_path_is_ascend_opp_path(user: User, package: Path) -> None:
    opp_path = user.folder
    expect(user.install(package, ASCEND_OPP_PATH=str(opp_path)), 0, "installed aclnn_moe 0.1.0 in")
    assert priority_of(opp_path) == "load_priority=aclnn_moe\n"
    vendor = opp_path / "vendors" / VENDOR
    assert not (vendor / "bin").exists()
    expect(user.uninstall(vendor), 0, f"removed {vendor}")
    assert list((opp_path / "vendors").iterdir()) == []


def test_quiet_install_prints_nothing(me: User, package: Path) -> None:
    done = me.install(package, f"--install-path={me.folder}/opp", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = me.uninstall(me.folder / "opp" / "vendors" / VENDOR, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_and_check_install_nothing(me: User, package: Path) -> None:
    for option, text in (("--help", "--install-for-all  "), ("--check", "package.run is whole")):
        expect(me.install(package, option, f"--install-path={me.folder}/opp"), 0, text)
    assert list(me.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "variables", "text"),
    [
        (["--install-path=some/folder"], {}, "some/folder: want an absolute path"),
        (["--install-path="], {}, "--install-path=: want an absolute path"),
        (["--install-path"], {}, "--install-path: want an absolute path"),
        (["--install-path=/a:b"], {}, "/a:b: a path with ':'"),
        (["--install-path=/a/../b"], {}, "/a/../b: want a path without '..'"),
        (["--instal-path=/a"], {}, "unknown option --instal-path=/a"),
        (["--check", "more"], {}, "unknown option more"),
        ([], {}, "ASCEND_OPP_PATH is not set; remedy: "),
        ([], {"ASCEND_OPP_PATH": "opp"}, "ASCEND_OPP_PATH is opp: want an absolute path"),
        ([], {"ASCEND_OPP_PATH": "/no/opp"}, "names /no/opp, which is no folder; remedy: "),
        ([], {"ASCEND_OPP_PATH": "/", "ASCEND_CUSTOM_OPP_PATH": "/a"}, "the target is not clear"),
    ],
)
def test_install_refuses_a_target_that_is_not_clear(
    me: User, package: Path, options: list[str], variables: dict[str, str], text: str
) -> None:
    done = me.install(package, *options, **variables)
    expect(done, 1, text)
    assert done.stdout == ""


def test_install_refuses_a_path_that_it_may_not_write(user: User, package: Path) -> None:
    if user.number == 0:
        target, text = Path("/proc/opp"), "cannot make the folder /proc/opp/vendors; remedy: "
    else:
        target = user.folder / "opp"
        (target / "vendors").mkdir(parents=True)
        (target / "vendors").chmod(0o555)
        text = f"may not write in {target}/vendors; remedy: "
    expect(user.install(package, f"--install-path={target}"), 1, text)
    assert not (target / "vendors" / VENDOR).exists()


def test_install_refuses_a_file_in_place_of_a_folder(me: User, package: Path) -> None:
    (me.folder / "opp").write_text("mine")
    expect(me.install(package, f"--install-path={me.folder}/opp"), 1, "cannot make the folder")
    assert (me.folder / "opp").read_text() == "mine"


def test_install_refuses_a_link_that_leads_nowhere_and_follows_others(
    me: User, package: Path
) -> None:
    link = me.folder / "link"
    link.symlink_to(me.folder / "real")
    for target in (link, link / "opp"):
        done = me.install(package, f"--install-path={target}")
        expect(done, 1, f"{link} leads nowhere: it is a link to {me.folder}/real; remedy: ")
    assert [path.name for path in me.folder.iterdir()] == ["link"]
    (me.folder / "real").mkdir()
    vendor = me.installed(package, link / "opp")
    assert vendor.resolve() == me.folder / "real" / "opp" / "vendors" / VENDOR
    sourced = run("bash", "-c", '. "$1" && env', "-", vendor / "bin" / "set_env.bash")
    assert f"\nASCEND_CUSTOM_OPP_PATH={vendor}\n" in sourced.stdout
    expect(run(*CLI, "verify", f"--install-path={link}/opp", ACLNN_MOE_DEVICE="host"), 0)
    expect(me.uninstall(vendor), 0, f"removed {vendor.resolve()}")
    assert not vendor.exists()


def test_slashes_at_the_end_of_a_path_change_nothing(me: User, package: Path) -> None:
    expect(me.install(package, ASCEND_OPP_PATH=f"{me.folder}//"), 0, f"in {me.folder}/vendors/")
    done = me.install(package, f"--install-path={me.folder}///")
    expect(done, 0, f"source {me.folder}/vendors/{VENDOR}/bin/set_env.bash\n")


def test_install_refuses_a_folder_that_it_may_not_list(user: User, package: Path) -> None:
    if user.number == 0:
        pytest.skip("root may list every folder")
    folder = user.folder / "vendors"
    user.make(folder)
    folder.chmod(0o300)
    done = user.install(package, f"--install-path={user.folder}")
    folder.chmod(0o755)
    expect(done, 1, f"may not read the folder {folder}; remedy: ")
    assert list(folder.iterdir()) == []


def test_install_refuses_what_others_could_change_or_redirect(me: User, package: Path) -> None:
    folder = me.folder / "opp" / "vendors"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    path = f"--install-path={folder.parent}"
    for mode in (0o777, 0o1777):
        folder.chmod(mode)
        expect(me.install(package, path), 1, f"{folder} is writable by everybody")
    folder.chmod(0o755)
    folder.parent.chmod(0o777)
    expect(me.install(package, path), 1, f"{folder.parent} is writable by everybody")
    folder.parent.chmod(0o755)
    elsewhere = me.folder / "elsewhere"
    elsewhere.mkdir()
    for name in (VENDOR, f".{VENDOR}.old"):
        (folder / name).symlink_to(elsewhere)
        expect(me.install(package, path, "--force"), 1, f"{folder / name} is a link; remedy: ")
        (folder / name).unlink()
    (folder / "config.ini").symlink_to(elsewhere / "config.ini")
    expect(me.install(package, ASCEND_OPP_PATH=str(folder.parent)), 1, "config.ini is a link")
    (folder / "config.ini").unlink()
    folder.rmdir()
    folder.symlink_to(elsewhere)
    expect(me.install(package, path), 1, f"{folder} is a link; remedy: ")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders to others")
def test_root_installs_into_a_folder_of_somebody_else_only_by_force(
    me: User, package: Path
) -> None:
    folder = me.folder / "vendors"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    text = f"{folder} belongs to another user"
    expect(me.install(package, f"--install-path={me.folder}"), 1, text)
    assert list(folder.iterdir()) == []
    expect(me.install(package, f"--install-path={me.folder}", "--force"), 0, f"warning: {text}")


def test_install_for_all_names_the_folders_that_others_cannot_enter(
    me: User, package: Path
) -> None:
    opp_path = me.folder / "opp"
    add_vendor(opp_path, "other")
    (opp_path / "vendors").chmod(0o750)
    (opp_path / "vendors" / "config.ini").chmod(0o640)
    done = me.install(package, "--install-for-all", ASCEND_OPP_PATH=str(opp_path))
    expect(done, 0, f"warning: other users cannot enter {opp_path}/vendors, so ")
    assert f"warning: other users cannot read {opp_path}/vendors/config.ini; " in done.stderr
    assert stat.S_IMODE((opp_path / "vendors").stat().st_mode) == 0o750


def test_variables_of_the_shell_do_not_mislead_the_scripts(me: User, package: Path) -> None:
    other = me.folder / "other" / "scripts"
    other.mkdir(parents=True)
    wrong = {"CDPATH": str(other.parent), "TAR_OPTIONS": "--exclude=*", "GZIP": "-v"}
    vendor = me.folder / "opp" / "vendors" / VENDOR
    expect(me.install(package, f"--install-path={me.folder}/opp", **wrong), 0)
    words = ("sh", "-c", 'cd "$1" && sh scripts/uninstall.sh', "-", vendor)
    expect(run(*words, **wrong), 0, f"removed {vendor}")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "| true"])
def test_who_does_not_listen_changes_nothing(me: User, package: Path, closed: str) -> None:
    vendor = me.folder / "vendors" / VENDOR
    listened = me.installed(package, me.folder / "listened")
    words = ("bash", "-o", "pipefail", "-c")
    for _ in range(2):
        install = f'sh "$1" --install-path="$2" --install-for-all {closed}'
        done = run(*words, install, "-", package, me.folder)
        assert done.returncode == 0, done.stderr
        opp_files.check_files(vendor)
        assert [path.name for path in vendor.parent.iterdir()] == [VENDOR]
    assert snapshot(vendor / "op_api").keys() == snapshot(listened / "op_api").keys()
    done = run(*words, f'sh "$1" {closed}', "-", vendor / "scripts" / "uninstall.sh")
    assert done.returncode == 0, done.stderr
    assert list(vendor.parent.iterdir()) == []


def test_errors_are_told_although_quiet(me: User, package: Path) -> None:
    done = me.install(package, "--install-path=/proc/opp", "--quiet")
    expect(done, 1, "cannot make the folder /proc/opp/vendors; remedy: ")
    assert done.stdout == ""


def test_who_could_use_the_package_and_no_longer_can_is_told(me: User, package: Path) -> None:
    me.installed(package, me.folder, "--install-for-all")
    done = me.install(package, f"--install-path={me.folder}")
    expect(done, 0, "warning: other users could use the package that was there, and not this one;")
    done = me.install(package, f"--install-path={me.folder}")
    expect(done, 0)
    assert "other users" not in done.stderr


def test_umask_does_not_narrow_an_install_for_all(me: User, package: Path) -> None:
    words = ("sh", "-c", 'umask 077; exec sh "$1" --install-for-all', "-", package)
    opp_path = me.folder / "opp"
    opp_path.mkdir(0o755)
    expect(run(*words, ASCEND_OPP_PATH=str(opp_path)), 0)
    assert {stat.S_IMODE(path.stat().st_mode) for path in opp_path.rglob("*")} == {0o755, 0o644}


def test_install_needs_nothing_but_a_path_of_commands(me: User, package: Path) -> None:
    bare = ("env", "-i", f"PATH={os.environ['PATH']}", "sh")
    expect(run(*bare, package, f"--install-path={me.folder}"), 0, "installed aclnn_moe")
    expect(run(*bare, me.folder / "vendors" / VENDOR / "scripts" / "uninstall.sh"), 0, "removed")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install for itself and be another")
def test_another_user_cannot_change_what_root_installed(user: User, package: Path) -> None:
    if user.number == 0:
        pytest.skip("the other user's turn")
    user.folder.chmod(0o755)
    opp = user.folder / "opp"
    opp.mkdir()
    vendor = User(opp).installed(package, opp, "--install-for-all")
    before = snapshot(opp)
    expect(user.install(package, f"--install-path={opp}", "--force"), 1, "may not write in")
    expect(user.uninstall(vendor), 1, f"cannot write in {vendor.parent}")
    assert snapshot(opp) == before


def test_a_file_in_place_of_the_vendor_folder_stays(me: User, package: Path) -> None:
    file = me.folder / "vendors" / VENDOR
    file.parent.mkdir()
    file.write_text("mine")
    for options in ((), ("--force",)):
        done = me.install(package, f"--install-path={me.folder}", *options)
        expect(done, 1, f"{file} is no folder; remedy: ")
    assert file.read_text() == "mine"


# Next to other vendors.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("other",), "aclnn_moe,other"),
        (("other", VENDOR), "other,aclnn_moe"),
        (("  other\t", f" {VENDOR} ", " the third "), "other,aclnn_moe,the third"),
        ((f"{VENDOR}_of_others", f"my_{VENDOR}"), f"aclnn_moe,{VENDOR}_of_others,my_{VENDOR}"),
        ((VENDOR, "other"), "aclnn_moe,other"),
        ((" other ", "third"), "aclnn_moe,other,third"),
        ((), "aclnn_moe"),
    ],
)
def test_a_new_name_comes_first_and_a_known_one_keeps_its_place(
    user: User, package: Path, before: tuple[str, ...], after: str
) -> None:
    other = add_vendor(user.folder, *before)
    (user.folder / "vendors" / "config.ini").chmod(0o664)
    user.own(user.folder)
    kept = snapshot(other)
    done = user.install(package, ASCEND_OPP_PATH=str(user.folder))
    expect(done, 0, f"need {user.folder}/vendors/{VENDOR}/op_api/lib in LD_LIBRARY_PATH")
    assert (f"load_priority={after}: the first" in done.stdout) == after.startswith("other")
    assert priority_of(user.folder) == f"# by hand\nload_priority={after}\n"
    assert stat.S_IMODE((user.folder / "vendors" / "config.ini").stat().st_mode) == 0o664
    expect(user.uninstall(user.folder / "vendors" / VENDOR), 0)
    others = ",".join(name.strip() for name in before if name.strip() != VENDOR)
    priority = f"load_priority={others}\n" if others else ""
    assert priority_of(user.folder) == f"# by hand\n{priority}"
    assert snapshot(other) == kept
    assert leftovers(user.folder) == []


def test_uninstall_after_install_path_leaves_others_alone(user: User, package: Path) -> None:
    vendor = user.installed(package, user.folder)
    third = user.folder / "vendors" / "third"
    third.mkdir()
    (third / "file").write_text("third's")
    expect(user.uninstall(vendor), 0, f"removed {vendor}")
    assert list(snapshot(user.folder)) == ["vendors", "vendors/third", "vendors/third/file"]


def test_the_first_of_load_priority_serves_the_operator(me: User, package: Path) -> None:
    expect(me.install(package, ASCEND_OPP_PATH=str(me.folder)), 0)
    folder = me.folder / "vendors"
    shutil.copytree(folder / VENDOR, folder / "other")
    for order in (("other", VENDOR), (VENDOR, "other")):
        (folder / "config.ini").write_text(f"load_priority={','.join(order)}\n")
        expect(me.install(package, ASCEND_OPP_PATH=str(me.folder)), 0, "0.1.0 again in")
        used = run(sys.executable, "-c", WHICH, ASCEND_OPP_PATH=str(me.folder))
        assert used.stdout.strip() == str(folder / order[0] / vendors.LIBRARY), used.stderr


# Twice, upgrade, downgrade.


def test_installing_twice_changes_nothing(user: User, package: Path) -> None:
    vendor = user.installed(package, user.folder)
    before = snapshot(user.folder)
    done = user.install(package, f"--install-path={user.folder}/")
    expect(done, 0, f"installed aclnn_moe 0.1.0 again in {vendor}")
    assert snapshot(user.folder) == before


def test_upgrade_replaces_the_whole_package(user: User, package: Path, newer: Path) -> None:
    vendor = user.installed(package, user.folder)
    (vendor / "op_api" / "of_the_old_version").touch()
    done = user.install(newer, f"--install-path={user.folder}")
    expect(done, 0, f"upgraded aclnn_moe in {vendor} from 0.1.0 to 0.10.0")
    assert opp_package.version_of(vendor) == "0.10.0"
    assert not (vendor / "op_api" / "of_the_old_version").exists()


def test_upgrade_by_the_default_path_keeps_set_env(user: User, package: Path, newer: Path) -> None:
    vendor = user.installed(package, user.folder)
    expect(user.install(newer, ASCEND_OPP_PATH=str(user.folder)), 0, "upgraded")
    assert (vendor / "bin" / "set_env.bash").is_file()


def test_downgrade_needs_force(user: User, package: Path, newer: Path) -> None:
    vendor = user.installed(newer, user.folder)
    before = snapshot(user.folder)
    text = f"{vendor} is version 0.10.0, newer than this 0.1.0; remedy: --force "
    expect(user.install(package, f"--install-path={user.folder}"), 1, text)
    assert snapshot(user.folder) == before
    done = user.install(package, f"--install-path={user.folder}", "--force")
    expect(done, 0, f"downgraded aclnn_moe in {vendor} from 0.10.0 to 0.1.0")
    assert opp_package.version_of(vendor) == "0.1.0"


@pytest.mark.parametrize(
    ("there", "comes"),
    [
        ("0.9", "0.10"),
        ("0.1.0rc1", "0.1.0"),
        ("0.1", "0.1.1"),
        ("0.1rc2", "0.1rc10"),
        ("0.1.0.dev3", "0.1"),
        ("0.1.0", "0.1.post1"),
        ("0.1.post1", "0.1.1"),
        # As CANN counts.
        ("8.0.RC2", "8.0.RC10"),
        ("8.1.RC1.alpha002", "8.1.RC1"),
        ("8.1.RC1", "8.1.0"),
    ],
)
def test_versions_are_compared_as_numbers(me: User, package: Path, there: str, comes: str) -> None:
    first = repack(package, me.folder / "first.run", set_version(there))
    second = repack(package, me.folder / "second.run", set_version(comes))
    me.installed(first, me.folder / "opp")
    expect(me.install(second, f"--install-path={me.folder}/opp"), 0, f"from {there} to {comes}")
    expect(me.install(first, f"--install-path={me.folder}/opp"), 1, f"is version {comes}, newer")


def test_a_folder_that_no_run_made_is_replaced_only_by_force(me: User, package: Path) -> None:
    mine = me.folder / "vendors" / VENDOR / "mine"
    mine.parent.mkdir(parents=True)
    mine.touch()
    text = "was not installed by a .run; remedy: --force"
    expect(me.install(package, f"--install-path={me.folder}"), 1, text)
    assert mine.exists()
    expect(me.install(package, f"--install-path={me.folder}", "--force"), 0)
    assert not mine.exists()


def test_equal_versions_are_neither_upgrade_nor_downgrade(me: User, package: Path) -> None:
    first = repack(package, me.folder / "first.run", set_version("0.1"))
    me.installed(first, me.folder / "opp")
    done = me.install(package, f"--install-path={me.folder}/opp")
    expect(done, 0, "installed aclnn_moe 0.1.0 again in")


# Damaged and wrong archives.


@pytest.mark.parametrize("part", ["start", "header", "end of header", "half", "last byte"])
def test_a_file_that_is_cut_off_installs_nothing(user: User, package: Path, part: str) -> None:
    whole = package.read_bytes()
    header = whole.index(b"exit\n}\n\x1f\x8b")
    size = {
        "start": 100,
        "header": header // 2,
        "end of header": header,
        "half": len(whole) // 2,
        "last byte": len(whole) - 1,
    }[part]
    cut = user.folder / "cut.run"
    cut.write_bytes(whole[:size])
    for option in ("--check", f"--install-path={user.folder}/opp"):
        done = user.install(cut, option)
        assert done.returncode != 0
        assert done.stdout == ""
        if part in ("half", "last byte"):
            assert "cut off or has grown" in done.stderr
    assert [path.name for path in user.folder.iterdir()] == ["cut.run"]


def test_a_changed_archive_installs_nothing(user: User, package: Path) -> None:
    whole = bytearray(package.read_bytes())
    whole[len(whole) * 3 // 4] ^= 1
    changed = user.folder / "changed.run"
    changed.write_bytes(whole)
    for option in ("--check", f"--install-path={user.folder}/opp"):
        expect(user.install(changed, option), 1, "the archive was changed: its sha256 is not")
    assert [path.name for path in user.folder.iterdir()] == ["changed.run"]


def rewrite(package: Path, target: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Write ``target``, whose header goes with the archive: that of ``package`` and ``members``."""
    whole = package.read_bytes()
    header, archive = whole.split(b"exit\n}\n", 1)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as new:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as old:
            for member in old:
                new.addfile(member, old.extractfile(member))
        for member, content in members:
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    packed = gzip.compress(data.getvalue())
    header = re.sub(rb"payload_bytes=\d+", b"payload_bytes=%d" % len(packed), header)
    checksum = hashlib.sha256(packed).hexdigest().encode()
    header = re.sub(rb"payload_sha256=\w+", b"payload_sha256=" + checksum, header)
    target.write_bytes(header + b"exit\n}\n" + packed)
    return target


INSIDE = f"./packages/vendors/{VENDOR}"


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("./packages/../../leaves", tarfile.REGTYPE, ""),
        ("/leaves", tarfile.REGTYPE, ""),
        (f"{INSIDE}/a b", tarfile.REGTYPE, ""),
        (f"{INSIDE}/a\nb", tarfile.REGTYPE, ""),
        (f"{INSIDE}/link", tarfile.SYMTYPE, "/etc"),
        (f"{INSIDE}/link", tarfile.SYMTYPE, "../../../../leaves"),
        (f"{INSIDE}/link", tarfile.SYMTYPE, "op_api/../../leaves"),
        (f"{INSIDE}/link", tarfile.SYMTYPE, "a -> b/.."),
        (f"{INSIDE}/link", tarfile.LNKTYPE, f"{INSIDE}/version.info"),
        (f"{INSIDE}/pipe", tarfile.FIFOTYPE, ""),
        (f"{INSIDE}/device", tarfile.CHRTYPE, ""),
    ],
)
def test_an_archive_that_leaves_its_folder_is_refused(
    me: User, package: Path, name: str, kind: bytes, target: str
) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    text = "a path that leaves its folder"
    if kind != tarfile.REGTYPE:
        text = "more than files and folders"
    bad = rewrite(package, me.folder / "bad.run", (member, b""))
    for option in ("--check", f"--install-path={me.folder}/opp", f"--extract={me.folder}/out"):
        expect(me.install(bad, option), 1, text)
    assert [path.name for path in me.folder.iterdir()] == ["bad.run"]
    assert not Path("/leaves").exists()


def test_a_file_that_the_manifest_does_not_know_is_refused(me: User, package: Path) -> None:
    # A second file of a name replaces the first.
    for name in ("op_api/lib/more.so", "op_api/lib/libcust_opapi.so", "scripts/uninstall.sh"):
        member = tarfile.TarInfo(f"{INSIDE}/{name}")
        bad = rewrite(package, me.folder / "bad.run", (member, b"more"))
        done = me.install(bad, f"--install-path={me.folder}/opp")
        expect(done, 1, "the package is damaged: its files are not those of manifest.sha256")
        assert not (me.folder / "opp").exists()


def for_another_processor(library: Path) -> bytes:
    content = bytearray(library.read_bytes())
    content[18:20] = b"\xb7\x00" if content[18] == 62 else b"\x3e\x00"
    return bytes(content)


def test_a_package_for_another_processor_needs_force(user: User, package: Path) -> None:
    def change(vendor: Path) -> None:
        library = vendor / vendors.LIBRARY
        library.write_bytes(for_another_processor(library))

    foreign = repack(package, user.folder / "foreign.run", change)
    path = f"--install-path={user.folder}/opp"
    text = f"and this machine is {os.uname().machine}; remedy: "
    expect(user.install(foreign, path), 1, text)
    assert not (user.folder / "opp").exists()
    # CANN's installers do so too: the folder may be an image for another machine.
    expect(user.install(foreign, path, "--force"), 0, "warning: libcust_opapi.so is built for ")
    if user.number == os.geteuid():
        expect(run(*CLI, "verify", path, ACLNN_MOE_DEVICE="host"), 1, text)


def test_a_package_for_a_newer_c_library_needs_force(me: User, package: Path) -> None:
    tools = me.folder / "tools"
    tools.mkdir()
    (tools / "getconf").write_text("#!/bin/sh\necho glibc 2.1\n")
    (tools / "getconf").chmod(0o755)
    variables = opp_package.environment() | {"PATH": f"{tools}:{os.environ['PATH']}"}
    words = ["sh", package, f"--install-path={me.folder}/opp"]
    for options, status in (([], 1), (["--force"], 0)):
        done = subprocess.run(
            [*words, *options], env=variables, check=False, capture_output=True, text=True
        )
        expect(done, status, "and this machine has 2.1; remedy: ")
        assert (me.folder / "opp").exists() == (status == 0)


def test_the_layout_of_a_package_for_an_npu_installs(me: User, package: Path) -> None:
    here = os.uname().machine
    there = {"x86_64": "aarch64", "aarch64": "x86_64"}[here]
    tbe = Path("op_impl") / "ai_core" / "tbe"
    tiling = tbe / "op_tiling" / "lib" / "linux"

    def change(vendor: Path) -> None:
        kernel = vendor / tbe / "kernel" / "ascend910_93" / "an_operator"
        for folder in (tiling / here, tiling / there, Path("op_proto/lib/linux") / here, kernel):
            (vendor / folder).mkdir(parents=True)
        library = vendor / vendors.LIBRARY
        for folder in (tiling, Path("op_proto/lib/linux")):
            shutil.copy(library, vendor / folder / here / "libcust.so")
        (vendor / tiling / there / "libcust.so").write_bytes(for_another_processor(library))
        # CANN's build makes this one.
        (vendor / tbe / "op_tiling" / "liboptiling.so").symlink_to(f"lib/linux/{here}/libcust.so")
        (kernel / "An_operator_0123.o").write_bytes(b"device code")

    npu = repack(package, me.folder / "npu.run", change)
    expect(me.install(npu, "--check"), 0)
    vendor = me.installed(npu, me.folder / "opp")
    link = vendor / tbe / "op_tiling" / "liboptiling.so"
    assert str(link.readlink()) == f"lib/linux/{here}/libcust.so"
    opp_files.check_files(vendor)
    opp_files.check_processor(vendor)
    assert opp.read_package(vendor / vendors.LIBRARY).chips == ("ascend910_93", "host_cpu")

    def spoil(vendor: Path) -> None:
        change(vendor)
        library = vendor / tiling / here / "libcust.so"
        library.write_bytes(for_another_processor(library))

    bad = repack(package, me.folder / "bad.run", spoil)
    path = f"--install-path={me.folder}/bad"
    text = f"libcust.so is built for {there}, and this machine is {here}"
    expect(me.install(bad, path), 1, text)
    expect(me.install(bad, path, "--force"), 0, text)
    expect(run(*CLI, "verify", path, ACLNN_MOE_DEVICE="host"), 1, text)

    outside = me.folder / "outside.so"
    shutil.copy(vendor / vendors.LIBRARY, outside)
    shutil.copy(vendor / vendors.LIBRARY, vendor / tiling / here / "libcust.so")
    link.unlink()
    link.symlink_to(outside)
    with pytest.raises(ValueError, match=r"liboptiling.so is a link that leads out of"):
        opp_files.check_files(vendor)


# Interrupted.


def replace_tool(folder: Path, tool: str, count: int, *, before: str = "", after: str = "") -> str:
    """A PATH whose ``tool`` runs shell code before or after its ``count``-th call."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / tool).write_text(
        "#!/bin/sh\n"
        f'echo >>"{tools}/calls"\n'
        f'[ "$(wc -l <"{tools}/calls")" -eq {count} ] || exec {shutil.which(tool)} "$@"\n'
        f'{before or ":"}\n{shutil.which(tool)} "$@"\nstatus=$?\n{after or ":"}\nexit $status\n'
    )
    (tools / tool).chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


# In order: copy, sync of the stage, old away, new in place, sync of config.ini, config.ini, end.
STEPS = [("cp", 1), ("sync", 1), ("mv", 1), ("mv", 2), ("sync", 2), ("mv", 3), ("sync", 3)]


@pytest.mark.parametrize(("tool", "count"), STEPS)
def test_a_killed_upgrade_is_mended_by_the_next_run(
    user: User, package: Path, newer: Path, tool: str, count: int
) -> None:
    opp_path = user.folder / "opp"
    add_vendor(opp_path, "other")
    user.own(user.folder)
    expect(user.install(package, ASCEND_OPP_PATH=str(opp_path)), 0)
    # So that config.ini has to be written again.
    (opp_path / "vendors" / "config.ini").write_text("load_priority=other\n")
    before = snapshot(opp_path / "vendors" / VENDOR)
    path = replace_tool(user.folder, tool, count, after="kill -9 $PPID")
    variables = {"ASCEND_OPP_PATH": str(opp_path)}
    (user.folder / "tools").chmod(0o777)  # it counts there
    killed = run(*user.prefix, "env", f"PATH={path}", "sh", newer, **variables)
    assert killed.returncode == 128 + signal.SIGKILL
    # The old one is whole, in its place or beside it; so is the new one where it is in place.
    found = [opp_path / "vendors" / name for name in (VENDOR, f".{VENDOR}.old")]
    whole = [folder for folder in found if folder.exists()]
    for folder in whole:
        check_whole(folder)
    assert before in [snapshot(folder) for folder in whole]
    replaced = found[0].exists() and opp_package.version_of(found[0]) == "0.10.0"
    text = "installed aclnn_moe 0.10.0 again" if replaced else "from 0.1.0 to 0.10.0"
    expect(user.install(newer, **variables), 0, text)
    assert leftovers(opp_path) == []
    assert "load_priority=aclnn_moe,other\n" == priority_of(opp_path)
    check_whole(found[0])


# In order: copy, new in place, sync of config.ini, config.ini.
@pytest.mark.parametrize(
    ("tool", "count"), [("cp", 1), ("mv", 1), ("sync", 2), ("mv", 2), ("sync", 3)]
)
def test_a_killed_first_install_is_ended_by_the_next_run(
    user: User, package: Path, tool: str, count: int
) -> None:
    path = replace_tool(user.folder, tool, count, after="kill -9 $PPID")
    (user.folder / "tools").chmod(0o777)  # it counts there
    opp_path = user.make(user.folder / "opp")
    variables = {"ASCEND_OPP_PATH": str(opp_path)}
    killed = run(*user.prefix, "env", f"PATH={path}", "sh", package, **variables)
    assert killed.returncode == 128 + signal.SIGKILL
    vendor = opp_path / "vendors" / VENDOR
    if vendor.exists():
        check_whole(vendor)
    else:
        assert not (opp_path / "vendors" / "config.ini").exists()
    expect(user.install(package, **variables), 0)
    check_whole(vendor)
    assert leftovers(opp_path) == []
    assert priority_of(opp_path) == "load_priority=aclnn_moe\n"


# Where the first way of `sync` fails, it has a second.
ENDS = [(*step, "TERM") for step in STEPS[:4]]
ENDS += [(*step, "fails") for step in STEPS if step[0] != "sync"]


@pytest.mark.parametrize(("tool", "count", "how"), ENDS)
def test_an_upgrade_that_ends_early_leaves_what_was_there(
    me: User, package: Path, newer: Path, tool: str, count: int, how: str
) -> None:
    opp_path = me.folder / "opp"
    add_vendor(opp_path, "other")
    expect(me.install(package, ASCEND_OPP_PATH=str(opp_path)), 0)
    (opp_path / "vendors" / "config.ini").write_text("load_priority=other\n")
    before = snapshot(opp_path)
    if how == "TERM":
        path = replace_tool(me.folder, tool, count, after="kill -TERM $PPID")
    else:
        path = replace_tool(me.folder, tool, count, before="exit 1")
    variables = opp_package.environment(ASCEND_OPP_PATH=str(opp_path)) | {"PATH": path}
    ended = subprocess.run(
        ["sh", newer], env=variables, check=False, capture_output=True, text=True
    )
    assert snapshot(opp_path) == before
    assert ended.returncode == (143 if how == "TERM" else 1), ended.stderr
    assert leftovers(opp_path) == []


def test_a_signal_after_the_swap_comes_too_late(me: User, package: Path) -> None:
    path = replace_tool(me.folder, "mv", 2, after="kill -TERM $PPID")
    variables = opp_package.environment(ASCEND_OPP_PATH=str(me.folder)) | {"PATH": path}
    ended = subprocess.run(["sh", package], env=variables, check=False)
    assert ended.returncode == 0
    assert priority_of(me.folder) == "load_priority=aclnn_moe\n"
    opp_files.check_files(me.folder / "vendors" / VENDOR)


def test_a_first_install_that_fails_leaves_no_folder(me: User, package: Path) -> None:
    path = replace_tool(me.folder, "mv", 1, before="exit 1")
    target = me.folder / "a" / "b"
    variables = opp_package.environment() | {"PATH": path}
    words = ["sh", package, f"--install-path={target}"]
    failed = subprocess.run(words, env=variables, check=False, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "cannot move the new package" in failed.stderr
    assert not (me.folder / "a").exists()


def test_a_first_install_that_cannot_make_all_folders_leaves_none(me: User, package: Path) -> None:
    path = replace_tool(me.folder, "mkdir", 1, before=f"mkdir -p {me.folder}/a/b; exit 1")
    words = ("env", f"PATH={path}", "sh", package, f"--install-path={me.folder}/a/b/c")
    expect(run(*words), 1, "cannot make the folder")
    assert not (me.folder / "a").exists()


def test_an_extract_that_fails_leaves_no_folder(me: User, package: Path) -> None:
    limit = "ulimit -f 1; trap '' XFSZ; exec sh \"$@\""
    done = run("sh", "-c", limit, "-", package, f"--extract={me.folder}/new")
    expect(done, 1, f"cannot unpack into {me.folder}/new")
    assert list(me.folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_run_reaches_the_installer(
    me: User, package: Path, newer: Path, number: signal.Signals
) -> None:
    vendor = me.installed(package, me.folder / "opp")
    before = snapshot(me.folder / "opp")
    scratch = me.folder / "scratch"
    scratch.mkdir()
    path = replace_tool(me.folder, "sync", 1, before=f"touch {me.folder}/here; sleep 0.5")
    variables = opp_package.environment(TMPDIR=str(scratch)) | {"PATH": path}
    words = ["sh", newer, f"--install-path={me.folder}/opp"]
    running = subprocess.Popen(words, env=variables, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (me.folder / "here").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    # As from Ctrl-C: all of the terminal's processes get it.
    os.killpg(running.pid, number)
    assert running.wait(60) in (130, 143)
    assert snapshot(vendor.parent.parent) == before
    assert list(scratch.iterdir()) == []


def test_files_that_cannot_be_written_whole_leave_what_was_there(
    user: User, package: Path, newer: Path
) -> None:
    vendor = user.installed(package, user.folder / "opp")
    size = (vendor / vendors.LIBRARY).stat().st_size
    before = snapshot(user.folder)
    # In units of 512 bytes; TMPDIR has had room, as the archive is packed.
    limit = f"ulimit -f {size // 2 // 512}; trap '' XFSZ; exec sh \"$@\""
    words = ("sh", "-c", limit, "-", newer, f"--install-path={user.folder}/opp")
    expect(run(*user.prefix, *words), 1, "cannot unpack into ")
    assert snapshot(user.folder) == before
    path = replace_tool(user.folder, "cp", 1, before=f"ulimit -f {size // 2 // 512}")
    words = ("sh", newer, f"--install-path={user.folder}/opp")
    (user.folder / "tools").chmod(0o777)  # it counts there
    done = run(*user.prefix, "env", f"PATH={path}", *words)
    shutil.rmtree(user.folder / "tools")
    expect(done, 1, "cannot copy the package into")
    assert snapshot(user.folder) == before


def test_a_full_disk_leaves_what_was_there(user: User, package: Path, newer: Path) -> None:
    disk = user.folder / "disk"
    disk.mkdir()
    payload = user.installed(package, user.folder / "measured")
    kilobytes = sum(path.stat().st_size for path in payload.rglob("*")) * 3 // 2 // 1024
    mounted = run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk)
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.splitlines()[0]}")
    user.own(disk)
    try:
        vendor = user.installed(package, disk / "opp")
        before = snapshot(disk)
        done = user.install(newer, f"--install-path={disk}/opp")
        expect(done, 1, "cannot copy the package into")
        assert "No space left on device" in done.stderr
        assert snapshot(disk) == before
        check_whole(vendor)
    finally:
        expect(run("umount", disk), 0)


def test_two_installers_take_turns(user: User, package: Path, newer: Path) -> None:
    words = [
        [*user.prefix, "sh", file, f"--install-path={user.folder}/opp"]
        for file in (package, newer) * 2
    ]
    running = [
        subprocess.Popen(
            each, env=opp_package.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for each in words
    ]
    said = [process.communicate(timeout=120)[0].decode() for process in running]
    for process, text in zip(running, said, strict=True):
        assert process.returncode == 0 or "newer than this 0.1.0" in text, text
    vendor = user.folder / "opp" / "vendors" / VENDOR
    assert opp_package.version_of(vendor) == "0.10.0"
    check_whole(vendor)
    assert leftovers(user.folder) == []


def test_an_installer_whose_folder_was_taken_away_says_so(me: User, package: Path) -> None:
    folder = me.folder / "opp" / "vendors"
    folder.mkdir(parents=True)
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    waits = me.folder / "waits"
    path = replace_tool(me.folder, "flock", 1, before=f"touch {waits}")
    variables = opp_package.environment() | {"PATH": path}
    words = ["sh", package, f"--install-path={folder.parent}"]
    running = subprocess.Popen(words, env=variables, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not waits.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    folder.rmdir()
    os.close(lock)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 1
    assert f"another installer removed {folder} meanwhile; remedy: run this again" in said


def test_an_uninstall_is_not_left_half_done(me: User, package: Path) -> None:
    opp_path = me.folder / "opp"
    other = add_vendor(opp_path, "other", VENDOR, "third")
    expect(me.install(package, ASCEND_OPP_PATH=str(opp_path)), 0)
    before = snapshot(opp_path)
    script = opp_path / "vendors" / VENDOR / "scripts" / "uninstall.sh"
    # mv of config.ini, then of the package.
    for count in (1, 2):
        path = replace_tool(me.folder, "mv", count, before="exit 1")
        variables = opp_package.environment() | {"PATH": path}
        done = subprocess.run(["sh", script], env=variables, check=False, capture_output=True)
        assert done.returncode == 1
        assert snapshot(opp_path) == before
        shutil.rmtree(me.folder / "tools")
    path = replace_tool(me.folder, "mv", 1, after="kill -TERM $PPID")
    variables = opp_package.environment() | {"PATH": path}
    assert subprocess.run(["sh", script], env=variables, check=False).returncode == 0
    assert priority_of(opp_path) == "# by hand\nload_priority=other,third\n"
    assert sorted(each.name for each in other.parent.iterdir()) == ["config.ini", "other"]


# The commands.


def test_commands_install_list_verify_and_uninstall(me: User, package: Path) -> None:
    variables = {"ASCEND_OPP_PATH": str(me.folder), "ACLNN_MOE_DEVICE": "host"}
    expect(run(*CLI, "install", package, **variables), 0, "installed aclnn_moe 0.1.0 in")
    library = me.folder / "vendors" / VENDOR / vendors.LIBRARY
    listed = run(*CLI, "list", **variables)
    assert [line.split() for line in listed.stdout.splitlines()][:2] == [
        ["package", "version", "built", "for", "library"],
        ["aclnn_moe", "0.1.0", "host_cpu", str(library)],
    ]
    expect(run(*CLI, "verify", **variables), 0, f"ok: aclnn_moe 0.1.0 ({library})\n")
    expect(run(*CLI, "uninstall", **variables), 0, "removed ")
    assert not library.exists()
    done = run(*CLI, "uninstall", **variables)
    expect(done, 1, "no package that a .run installed in ")
    expect(run(*CLI, "verify", **variables), 1, "problem: no operator package has aclnnMoe")


def test_command_takes_the_options_of_the_run(me: User, package: Path, newer: Path) -> None:
    path = f"--install-path={me.folder}/a b"
    expect(run(*CLI, "install", newer, path, "--install-for-all"), 0, "installed aclnn_moe 0.10.0")
    expect(run(*CLI, "install", package, path), 1, "remedy: --force")
    done = run(*CLI, "install", package, path, "--force", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    expect(run(*CLI, "verify", path), 0, "ok: aclnn_moe 0.1.0")
    expect(run(*CLI, "install", package, "--install-path=a"), 1, "want an absolute path")
    expect(run(*CLI, "install", newer, "--check", ACLNN_MOE_DEVICE="host"), 0, "run is whole")
    expect(run(*CLI, "verify", "--install-path=a"), 1, "want an absolute path")
    done = run(*CLI, "uninstall", path, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    expect(run(*CLI, "verify", path), 1, "libcust_opapi.so is missing; remedy: ")


def test_command_leaves_the_folder_of_the_python_package_alone(package: Path) -> None:
    for options in ((), ("--force",)):
        done = run(*CLI, "install", package, *options, ACLNN_MOE_DEVICE="host")
        expect(done, 1, "belongs to the Python package, which has the operator already; remedy: ")
    done = run(*CLI, "uninstall", ACLNN_MOE_DEVICE="host")
    expect(done, 1, "no package that a .run installed in ")


def test_commands_refuse_a_relative_opp_path_as_the_run_does(me: User, package: Path) -> None:
    (me.folder / "opp").mkdir()
    words = ("env", "-C", str(me.folder), *CLI)
    variables = {"ASCEND_OPP_PATH": "opp", "ACLNN_MOE_DEVICE": "host"}
    for command in (("install", package), ("uninstall",)):
        done = run(*words, *command, **variables)
        expect(done, 1, "ASCEND_OPP_PATH is opp: want an absolute path")
    assert list((me.folder / "opp").iterdir()) == []


def test_command_refuses_what_is_no_package(me: User) -> None:
    expect(run(*CLI, "install", me.folder / "none.run"), 1, "No such file or directory")
    for content in (b"", b"#!/bin/sh\ntouch ran\n", b"\x7fELF"):
        (me.folder / "file.run").write_bytes(content)
        expect(run(*CLI, "install", me.folder / "file.run"), 1, "is no operator package of this")


def test_verify_names_what_is_wrong(me: User, package: Path) -> None:
    vendor = me.installed(package, me.folder)
    library = vendor / vendors.LIBRARY
    content = library.read_bytes()

    def problem(text: str) -> None:
        done = run(*CLI, "verify", f"--install-path={me.folder}", ACLNN_MOE_DEVICE="host")
        expect(done, 1, text)
        assert done.stdout.startswith("problem: ")

    library.write_bytes(content[:-1] + b"x")
    problem(f"{library} is not the file that was installed; remedy: ")
    library.write_bytes(content)
    script = vendor / "bin" / "set_env.bash"
    sourced = script.read_text()
    script.write_text(f"{sourced}exit\n")
    problem(f"{script} is not the file that was installed; remedy: ")
    script.write_text(sourced)
    (vendor / "more").touch()
    problem(f"{vendor}/more did not come with the package; remedy: ")
    (vendor / "more").unlink()
    (vendor / "version.info").chmod(0o666)
    problem("version.info is writable by everybody; remedy: ")
    (vendor / "version.info").chmod(0o640)
    if os.geteuid() == 0:
        for path in (vendor, vendor / "op_api" / "lib", vendor / "version.info"):
            os.chown(path, NOBODY, NOBODY)
            problem(f"{path} belongs to user nobody")
            os.chown(path, 0, 0)
    header = vendor / "op_api" / "include"
    header.rename(vendor / "kept")
    problem("is missing; remedy: ")
    (vendor / "kept").rename(header)
    (vendor / "manifest.sha256").write_text("1234  ./../other\n")
    problem("manifest.sha256 is damaged: '1234  ./../other'; remedy: ")
    (vendor / "manifest.sha256").unlink()
    (vendor / "version.info").write_text("Version=1\ncompute_unit=ascend910_93\n")
    problem("built for ascend910_93, and this is the host device")
    content = content.replace(b"aclnnMoeDistributeCombineAddRmsNorm", b"x" * 35)
    library.write_bytes(content)
    problem(f"does not export {opp.OPERATOR}GetWorkspaceSize")
    vendor.rename(vendor.with_name(f".{VENDOR}.old"))
    problem("was killed; remedy: run the installer again")


@pytest.mark.parametrize(
    ("name", "other", "text"),
    [
        (f"{opp.OPERATOR}V2", f"{opp.OPERATOR}V3", f"does not export {opp.OPERATOR}V2"),
        ("HostExecutorLaunch", "HostExecutorLaunci", "undefined symbol: HostExecutorLaunci"),
    ],
)
def test_verify_finds_a_package_that_does_not_go_with_the_host_device(
    me: User, package: Path, name: str, other: str, text: str
) -> None:
    def change(vendor: Path) -> None:
        library = vendor / vendors.LIBRARY
        content = library.read_bytes()
        assert f"\0{name}\0".encode() in content
        library.write_bytes(content.replace(f"\0{name}\0".encode(), f"\0{other}\0".encode()))

    file = repack(package, me.folder / "other.run", change)
    me.installed(file, me.folder / "opp")
    words = (*CLI, "verify", f"--install-path={me.folder}/opp")
    expect(run(*words, ACLNN_MOE_DEVICE="host"), 1, text)


def test_verify_refuses_another_users_package(user: User, package: Path) -> None:
    user.installed(package, user.folder, "--install-for-all")
    done = run(*CLI, "verify", f"--install-path={user.folder}")
    if user.number == os.geteuid():
        expect(done, 0)
    else:
        expect(done, 1, "belongs to user nobody while this process runs as root; remedy: ")
        done = run(*CLI, "uninstall", f"--install-path={user.folder}")
        expect(done, 1, "belongs to user nobody")


# What was installed runs.


TWO_RANKS = ROOT / "samples" / "cpp" / "two_ranks.cpp"
LINKED = ("-lascendcl", "-lnnopbase", "-lopapi", "-lhccl", "-lcust_opapi", "-pthread")
WHICH = f"from aclnn_moe import _ffi; print(_ffi.find_operator({opp.OPERATOR!r}).path)"


def test_operator_runs_from_c_and_python_through_set_env(me: User, package: Path) -> None:
    vendor = me.installed(package, me.folder / "with spaces")
    library = vendor / vendors.LIBRARY
    home = cli.environment({})["ASCEND_HOME_PATH"]
    program = me.folder / "two_ranks"
    folders = [f"-I{home}/include", f"-I{vendor}/op_api/include"]
    folders += [f"-L{home}/lib64", f"-L{vendor}/op_api/lib"]
    expect(run("g++", TWO_RANKS, *folders, *LINKED, "-o", program), 0)
    script = '. "$1" && shift && exec "$@"'
    sourced = ("bash", "-c", script, "-", vendor / "bin" / "set_env.bash")
    libraries = {"LD_LIBRARY_PATH": f"{home}/lib64"}
    assert str(library) in run(*sourced, "ldd", program, **libraries).stdout
    done = run(*sourced, program, **libraries)
    expect(done, 0)
    assert done.stdout.count("values are right") == 2

    assert run(*sourced, sys.executable, "-c", WHICH).stdout.strip() == str(library)
    done = run(*sourced, sys.executable, ROOT / "samples" / "two_ranks.py")
    expect(done, 0, "rank 1: x (4, 1, 1024) bfloat16")
    assert done.stderr == ""


def test_operator_runs_from_c_for_the_user_who_installed_it(user: User, package: Path) -> None:
    home = user.folder / "home"
    shutil.copytree(cli.environment({})["ASCEND_HOME_PATH"], home)
    shutil.rmtree(home / "opp" / "vendors")
    user.own(user.folder)
    vendor = user.installed(package, user.folder / "operators")
    program = user.folder / "two_ranks"
    folders = [f"-I{home}/include", f"-I{vendor}/op_api/include"]
    folders += [f"-L{home}/lib64", f"-L{vendor}/op_api/lib"]
    expect(run("g++", TWO_RANKS, *folders, *LINKED, "-o", program), 0)
    script = 'cd / && . "$1" && shift && exec "$@"'
    sourced = (*user.prefix, "bash", "-c", script, "-", vendor / "bin" / "set_env.bash")
    done = run(*sourced, program, LD_LIBRARY_PATH=f"{home}/lib64")
    expect(done, 0)
    assert done.stdout.count("values are right") == 2


def test_operator_runs_from_c_and_python_through_ascend_opp_path(me: User, package: Path) -> None:
    variables = {"ASCEND_OPP_PATH": str(me.folder), "ACLNN_MOE_DEVICE": "host"}
    expect(me.install(package, **variables), 0)
    library = me.folder / "vendors" / VENDOR / vendors.LIBRARY
    program = me.folder / "two_ranks"
    inside = (sys.executable, "-m", "aclnn_moe.cli", "run", "--")
    folders = 'exec "$0" "$@" -I"$ASCEND_HOME_PATH/include" -L"$ASCEND_HOME_PATH/lib64"'
    build = (*inside, "sh", "-c", folders, "g++", TWO_RANKS, "-o", program, *LINKED)
    expect(run(*build, **variables), 0)
    assert str(library) in run(*inside, "ldd", program, **variables).stdout
    done = run(*inside, program, **variables)
    expect(done, 0)
    assert done.stdout.count("values are right") == 2

    assert run(sys.executable, "-c", WHICH, **variables).stdout.strip() == str(library)
    done = run(sys.executable, ROOT / "samples" / "two_ranks.py", **variables)
    expect(done, 0, "rank 1: x (4, 1, 1024) bfloat16")


def test_packages_for_an_npu_are_refused_by_name(me: User) -> None:
    script = ROOT / "build_scripts" / "build_package.sh"
    done = run("bash", script, "--device", "npu", ASCEND_HOME_PATH=str(me.folder))
    expect(done, 1, f"{me.folder} is no CANN toolkit that builds operators by find_package(ASC)")
    done = run("bash", script, "--device", "npu", "--build", "build")
    expect(done, 2, "--build takes a library for --device host")
    expect(run("bash", script, "--device", "gpu"), 2, "want host (the CPU) or npu")
