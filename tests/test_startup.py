# SPDX-License-Identifier: Apache-2.0
"""Start-up without surprises: exceptions and the doctor say what is wrong and how to mend it.

Each case runs in a process of its own, on copies of the host device that is installed. A copy
without its marker counts as CANN, so that what is said on an NPU is said here too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aclnn_moe._ffi import discovery, mapped, vendors
from aclnn_moe.torch_packages import TorchPackages

OPERATOR = "aclnnMoeDistributeCombineAddRmsNorm"
PACKAGE = Path("opp") / "vendors" / "aclnn_moe"
USE = "import aclnn_moe; print(aclnn_moe.Device.count())"
FIND = f"from aclnn_moe import _ffi; print(_ffi.find_operator({OPERATOR!r}).path)"
DOCTOR = "import aclnn_moe; print(aclnn_moe.doctor())"
# The variables of a caller's shell would decide what these tests are about.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("ASCEND_", "ACLNN_MOE_", "TORCH_", "LD_LIBRARY_PATH", "PYTHONPATH"))
}


def python(code: str, **variables: object) -> subprocess.CompletedProcess[str]:
    environ = {**CLEAN, **{name: str(value) for name, value in variables.items()}}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environ
    )


def doctor(**variables: object) -> str:
    return python("from aclnn_moe import cli; cli.main(['doctor'])", **variables).stdout


def verdict(output: str) -> list[str]:
    """Lines of a doctor's output from the first warning on."""
    lines = output.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(("warning", "problem")))
    return lines[start:]


@pytest.fixture(scope="module")
def shipped() -> Path:
    return next(home for home in discovery.default_host_homes() if (home / "lib64").is_dir())


@pytest.fixture
def home(shipped: Path, tmp_path: Path) -> Path:
    """Another copy of the host device."""
    return shutil.copytree(shipped, tmp_path / "home")


@pytest.fixture
def cann(home: Path, tmp_path: Path) -> Path:
    """A home that does not say that it is the host device, with a package for this chip."""
    cann = home.rename(tmp_path / "cann")
    for folder in ("", "runtime", "compiler", "opp"):
        (cann / folder / "version.info").write_text("Version=7.7.0.1.238\n")
    build_for(cann / PACKAGE, "ascend910_93")
    return cann


def build_for(vendor: Path, *chips: str) -> None:
    """Make a package look as CANN's builds make it for ``chips``."""
    tbe = vendor / "op_impl" / "ai_core" / "tbe"
    shutil.rmtree(tbe, ignore_errors=True)
    for chip in chips:
        (tbe / "kernel" / chip).mkdir(parents=True)
        (tbe / "config" / chip).mkdir(parents=True)
    (tbe / "kernel" / "config").mkdir(parents=True)
    (vendor / "version.info").write_text("custom_opp_compiler_version=7.7.0.1.238\n")


# Order of imports: what the process has loaded already.


def test_home_loaded_first_is_the_one_used(home: Path, shipped: Path) -> None:
    code = f"""
import ctypes
ctypes.CDLL("{home}/lib64/libascendcl.so")
{USE}
from aclnn_moe._ffi import installation, mapped
print(installation().home)
print([len(paths) for paths in mapped.mapped_libraries().values()])
"""
    done = python(code)
    assert done.stdout.splitlines() == ["16", str(home), "[1, 1, 1, 1]"]
    assert (
        f"<string>:4: RuntimeWarning: this process had loaded the host device at {home} before "
        f"aclnn_moe, which by itself would have taken {shipped} (ASCEND_HOME_PATH is not set): the "
        "loaded one is used; remedy: start the program by `aclnn-moe run -- CMD`"
    ) in done.stderr


def test_library_of_the_same_home_loaded_first_is_no_surprise(shipped: Path) -> None:
    code = f"""
import ctypes, warnings
warnings.simplefilter("error")
ctypes.CDLL("{shipped}/lib64/libhccl.so")
{USE}
"""
    done = python(code)
    assert (done.stdout, done.stderr) == ("16\n", "")


def test_home_that_the_user_excludes_is_refused_when_loaded_first(
    cann: Path, shipped: Path
) -> None:
    code = f'import ctypes; ctypes.CDLL("{cann}/lib64/libascendcl.so"); {USE}'
    done = python(code, ACLNN_MOE_DEVICE="host")
    assert (
        f"LibraryNotFoundError: ACLNN_MOE_DEVICE=host asks for {shipped}, but this process had "
        f"loaded the CANN at {cann} before aclnn_moe; tried, in order:\n"
        f"  {cann}/lib64/libascendcl.so: already loaded in this process\n"
    ) in done.stderr
    remedy = "remedy: start the program by `aclnn-moe run -- CMD`, which puts the libraries of"
    assert done.stderr.splitlines()[-1].startswith(remedy)


def test_libraries_of_two_homes_are_refused(home: Path, shipped: Path) -> None:
    load = f"""
import ctypes
ctypes.CDLL("{home}/lib64/libascendcl.so")
ctypes.CDLL("{shipped}/lib64/libhccl.so")
"""
    done = python(load + USE)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    text = "this process has loaded libraries of more than one CANN home ("
    what = next(line for line in said if text in line)
    assert str(home) in what and str(shipped) in what
    assert said[-1] == (
        "remedy: remove all but one from LD_LIBRARY_PATH, or start the program by `aclnn-moe run "
        "-- CMD`"
    )
    assert f"problem: {text}" in python(load + DOCTOR).stdout


def test_library_replaced_under_the_process_is_refused(home: Path) -> None:
    code = f"""
import ctypes, pathlib, shutil
library = pathlib.Path("{home}/lib64/libascendcl.so")
ctypes.CDLL(str(library))
shutil.copy(library, str(library) + ".new")
pathlib.Path(str(library) + ".new").rename(library)
{USE}
"""
    done = python(code, ASCEND_HOME_PATH=home)
    assert f"{home}/lib64/libascendcl.so was replaced after this process had loaded" in done.stderr
    assert done.stderr.splitlines()[-1] == "remedy: restart the program"


def test_library_of_no_whole_home_is_refused(home: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.mkdir()
    shutil.copy(home / "lib64" / "libascendcl.so", part)
    done = python(f'import ctypes; ctypes.CDLL("{part}/libascendcl.so"); {USE}')
    assert f"has loaded {part}/libascendcl.so, and {part} is no whole CANN home" in done.stderr
    assert f"remedy: take {part} out of LD_LIBRARY_PATH" in done.stderr.splitlines()[-1]


def test_doctor_names_the_home_that_its_process_has_loaded(home: Path, shipped: Path) -> None:
    code = f'import ctypes; ctypes.CDLL("{home}/lib64/libascendcl.so"); {DOCTOR}'
    output = python(code).stdout
    assert f"warning: this process had loaded the host device at {home} before" in output
    assert f"would have taken {shipped}" in output
    changed = f"{USE}; import os; os.environ['ASCEND_HOME_PATH'] = '{home}'; {DOCTOR}"
    output = python(changed).stdout
    assert f"this process uses {shipped}, and one that starts now takes {home}" in output
    assert "  remedy: start the program again to use it" in output.splitlines()


def test_mapped_libraries_are_read_from_the_table_of_mappings(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "7f00-7f01 r-xp 00000000 08:01 11   /opt/a b/libascendcl.so.1\n"
        "7f01-7f02 rw-p 00001000 08:01 11   /opt/a b/libascendcl.so.1\n"
        "7f02-7f03 r-xp 00000000 08:01 12   /opt/c/libhccl.so (deleted)\n"
        "7f03-7f04 r-xp 00000000 08:01 13   /opt/c/libhccl.so\n"
        "7f04-7f05 r-xp 00000000 08:01 14   /opt/c/libhccl_plugin.so\n"
        "7f05-7f06 rw-p 00000000 00:00 0\n"
        "7f06-7f07 rw-p 00000000 00:00 0    [heap]\n"
    )
    assert mapped.mapped_libraries(maps=maps) == {
        "libascendcl.so": ["/opt/a b/libascendcl.so.1"],
        "libhccl.so": ["/opt/c/libhccl.so (deleted)", "/opt/c/libhccl.so"],
    }
    assert mapped.mapped_libraries(maps=tmp_path / "absent") == {}


# torch_npu in the environment; a stand-in that links libhccl.so as the real one does.


@pytest.fixture
def torch_npu(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    install(site, "torch", "2.13.0+cpu")
    install(site, "torch_npu", "2.13.0", "Requires-Dist: torch==2.13.0.*\n")
    (site / "torch_npu.py").write_text(
        "import ctypes\n"
        "try:\n"
        "    ctypes.CDLL('libhccl.so')\n"
        "except OSError as error:\n"
        "    raise ImportError(str(error)) from None\n"
    )
    return site


def install(site: Path, name: str, version: str, more: str = "") -> None:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}"
    (folder / "METADATA").write_text(text)


def test_doctor_says_how_to_start_programs_where_torch_npu_is_installed(torch_npu: Path) -> None:
    output = doctor(PYTHONPATH=torch_npu)
    assert verdict(output) == [
        "warning: torch_npu 2.13.0 is installed, and the loader does not find libhccl.so in this "
        "shell: `import torch` fails, for it loads torch_npu by itself",
        "  remedy: start programs by `aclnn-moe run -- python ...`, or export "
        "TORCH_DEVICE_BACKEND_AUTOLOAD=0 to use torch without it",
        "everything needed is here",
    ]
    for row in ("torch        2.13.0+cpu", "torch_npu    2.13.0"):
        assert f"  {row}\n" in output
    assert "works by `aclnn-moe run -- python ...`" in output
    off = doctor(PYTHONPATH=torch_npu, TORCH_DEVICE_BACKEND_AUTOLOAD="0")
    assert "in this shell: `import torch_npu` fails\n" in off
    failed = python("import torch_npu", PYTHONPATH=torch_npu)
    assert "libhccl.so: cannot open shared object file" in failed.stderr


@pytest.mark.parametrize("order", ["aclnn_moe, torch_npu", "torch_npu, aclnn_moe"])
def test_both_orders_of_import_share_one_home_by_aclnn_moe_run(
    torch_npu: Path, shipped: Path, order: str
) -> None:
    code = f"""
from aclnn_moe import cli
import sys
code = '''
import warnings
warnings.simplefilter("error")
import {order}
print(aclnn_moe.Device.count())
from aclnn_moe._ffi import mapped
print(sorted({{path for each in mapped.mapped_libraries().values() for path in each}}))
'''
sys.exit(cli.main(["run", "--", sys.executable, "-c", code]))
"""
    done = python(code, PYTHONPATH=torch_npu)
    assert done.stderr == ""
    names = sorted(discovery.REQUIRED_LIBRARIES)
    assert done.stdout.splitlines() == ["16", str([f"{shipped}/lib64/{name}" for name in names])]


def test_doctor_repeats_the_error_of_a_torch_npu_that_cannot_be_imported(torch_npu: Path) -> None:
    (torch_npu / "torch_npu.py").write_text(
        "raise RuntimeError('Two accelerators at the same time')\n"
    )
    output = doctor(PYTHONPATH=torch_npu)
    said = "ended with status 1: RuntimeError: Two accelerators at the same time"
    assert f"warning: `import torch_npu` {said}" in output
    row = next(line for line in output.splitlines() if line.startswith("  import torch_npu "))
    assert row.split(maxsplit=2)[2] == said
    assert "everything needed is here" in output


def test_import_of_torch_npu_is_given_up_after_a_time(
    torch_npu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (torch_npu / "torch_npu.py").write_text("import time\ntime.sleep(60)\n")
    tried = TorchPackages("2.13.0", "2.13.0", "2.13.0")
    monkeypatch.syspath_prepend(str(torch_npu))
    assert tried.try_import(CLEAN, timeout=0.5) == "did not end within 0.5 s"


@pytest.mark.parametrize(
    ("torch", "torch_npu", "wanted", "text"),
    [
        ("2.13.0+cpu", "2.13.0", "2.13.0", ""),
        ("2.13.0", "2.13.0.post1", "", ""),
        ("2.12.0", "", "", ""),
        ("2.13.1", "2.13.0", "2.13", ""),
        ("2.1.0", "2.13.0", "", "torch_npu 2.13.0 needs torch 2.13, and torch 2.1.0 is installed"),
        ("2.12.0", "2.13.0", "2.13.0", "needs torch 2.13.0, and torch 2.12.0 is installed"),
        ("", "2.13.0", "2.13.0", "torch_npu 2.13.0 is installed without torch; remedy: pip"),
    ],
)
def test_torch_and_torch_npu_are_compared(
    torch: str, torch_npu: str, wanted: str, text: str
) -> None:
    misfit = TorchPackages(torch, torch_npu, wanted).misfit
    assert text in misfit and bool(text) == bool(misfit)


def test_doctor_names_versions_of_torch_that_do_not_fit(tmp_path: Path) -> None:
    install(tmp_path, "torch", "2.12.0")
    install(tmp_path, "torch_npu", "2.13.0", "Requires-Dist: torch==2.13.0.*\n")
    output = doctor(PYTHONPATH=tmp_path)
    assert "torch_npu 2.13.0 needs torch 2.13.0, and torch 2.12.0 is installed\n" in output
    assert "  remedy: pip install torch==2.13.0, or the torch_npu of torch 2.12.0\n" in output


# A package built for another chip.


def test_package_for_another_chip_is_skipped_and_named(cann: Path) -> None:
    npu = {"ASCEND_HOME_PATH": cann, "ACLNN_MOE_DEVICE": "npu"}
    library = cann / PACKAGE / vendors.LIBRARY
    assert python(FIND, **npu).stdout.strip() == str(library)
    build_for(cann / PACKAGE, "ascend910b", "ascend310p")
    what = (
        "built for ascend310p, ascend910b, and this NPU is Ascend910_9391; remedy: install the "
        "package that is built for ascend910_93"
    )
    done = python(FIND, **npu)
    assert f"SymbolNotFoundError: no library has the operator {OPERATOR};" in done.stderr
    assert f"  {library}: skipped: {what}\n" in done.stderr
    said = verdict(doctor(**npu))
    assert f"warning: operator package aclnn_moe: {what.partition(';')[0]}" in said
    assert "  remedy: install the package that is built for ascend910_93" in said
    assert f"problem: no library has the operator {OPERATOR}" in said


def test_package_of_the_host_device_is_skipped_on_an_npu(cann: Path, shipped: Path) -> None:
    npu = {"ASCEND_HOME_PATH": cann, "ACLNN_MOE_DEVICE": "npu"}
    shutil.copy(shipped / PACKAGE / "version.info", cann / PACKAGE)
    shutil.rmtree(cann / PACKAGE / "op_impl")
    what = "built for host_cpu (the host device), and this is an NPU"
    assert what in python(FIND, **npu).stderr
    assert f"operator package aclnn_moe: {what}" in doctor(**npu)


def test_package_for_an_npu_is_skipped_on_the_host_device(home: Path, shipped: Path) -> None:
    build_for(home / PACKAGE, "ascend910_93")
    custom = {"ASCEND_CUSTOM_OPP_PATH": home / PACKAGE}
    assert python(FIND, **custom).stdout.strip() == str(shipped / PACKAGE / vendors.LIBRARY)
    said = verdict(doctor(**custom))
    assert said[:2] == [
        "warning: operator package aclnn_moe: built for ascend910_93, and this is the host device "
        "(the CPU)",
        "  remedy: take the package out of ASCEND_CUSTOM_OPP_PATH or load_priority, or run on an "
        "NPU with CANN",
    ]
    alone = {"ASCEND_HOME_PATH": home}
    assert "built for ascend910_93, and this is the host device" in python(FIND, **alone).stderr


def test_package_for_another_processor_is_named(home: Path, shipped: Path) -> None:
    library = home / PACKAGE / vendors.LIBRARY
    data = bytearray(library.read_bytes())
    other = {62: (183, "aarch64"), 183: (62, "x86_64")}[int.from_bytes(data[18:20], "little")]
    data[18:20] = other[0].to_bytes(2, "little")
    library.write_bytes(data)
    text = f"built for {other[1]}, and this machine is {os.uname().machine}; remedy: install the"
    assert text in python(FIND, ASCEND_HOME_PATH=home).stderr
    output = doctor(ASCEND_CUSTOM_OPP_PATH=home / PACKAGE)
    assert f"operator package aclnn_moe: {library} is {text.partition(';')[0]}\n" in output
    assert "everything needed is here" in output


def test_package_of_a_newer_compiler_is_named(cann: Path) -> None:
    (cann / "compiler" / "version.info").write_text(
        'Version=7.5.0.1\nrequired_opp_abi_version=">=6.3, <=7.5"\n'
    )
    output = doctor(ASCEND_HOME_PATH=cann, ACLNN_MOE_DEVICE="npu")
    assert (
        "warning: operator package aclnn_moe: built with CANN's compiler 7.7.0.1.238, and the CANN "
        f"at {cann} takes >=6.3, <=7.5\n"
    ) in output


def verify(cann: Path) -> subprocess.CompletedProcess[str]:
    command = "import sys; from aclnn_moe import cli; sys.exit(cli.main(['opp', 'verify']))"
    return python(command, ASCEND_HOME_PATH=cann, ACLNN_MOE_DEVICE="npu")


def test_verify_judges_a_package_by_the_chip_and_the_compiler_of_the_cann_found(
    cann: Path,
) -> None:
    library = cann / PACKAGE / vendors.LIBRARY
    compiler = cann / "compiler" / "version.info"
    compiler.write_text('Version=7.7.0.1.238\nrequired_opp_abi_version=">=6.3, <=7.7"\n')
    done = verify(cann)
    assert (done.returncode, done.stdout) == (0, f"ok: aclnn_moe  ({library})\n")

    compiler.write_text('Version=7.5.0.1\nrequired_opp_abi_version=">=6.3, <=7.5"\n')
    done = verify(cann)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "problem: operator package aclnn_moe: built with CANN's compiler 7.7.0.1.238, and the CANN "
        f"at {cann} takes >=6.3, <=7.5; remedy: "
    )

    build_for(cann / PACKAGE, "ascend910b")
    done = verify(cann)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "problem: operator package aclnn_moe: built for ascend910b, and this NPU is Ascend910_9391"
    )


# Two packages with the same operator.


def test_doctor_names_both_packages_of_an_operator(home: Path, shipped: Path) -> None:
    vendor = home / PACKAGE
    (vendor / "version.info").write_text("Version=9.9\ncompute_unit=host_cpu\n")
    custom = {"ASCEND_CUSTOM_OPP_PATH": vendor}
    first, second = vendor / vendors.LIBRARY, shipped / PACKAGE / vendors.LIBRARY
    assert python(FIND, **custom).stdout.strip() == str(first)
    output = doctor(**custom)
    what = next(line for line in verdict(output) if "two packages have" in line)
    assert f"two packages have {OPERATOR}, {OPERATOR}V2: aclnn_moe 9.9 ({first}) comes" in what
    assert f"({second}) is not" in what
    assert "in load_priority of opp/vendors/config.ini" in output
    assert "everything needed is here" in output


# A library that others may write, or that is another user's.


def test_home_that_everybody_may_write_is_not_loaded(home: Path) -> None:
    (home / "lib64").chmod(0o777)
    done = python(USE, ASCEND_HOME_PATH=home)
    what = f"folder {home}/lib64 is writable by everybody; remedy: chmod o-w {home}/lib64"
    assert f"LibraryNotFoundError: cannot load libascendcl.so of {home}" in done.stderr
    assert f"  {home}/lib64/libascendcl.so: skipped: {what}" in done.stderr
    assert what in doctor(ASCEND_HOME_PATH=home)


@pytest.mark.parametrize("folder", [PACKAGE, PACKAGE / "op_api", PACKAGE / "op_api" / "lib"])
def test_package_in_a_folder_that_everybody_may_write_is_not_loaded(
    home: Path, folder: Path
) -> None:
    (home / folder).chmod(0o777)
    what = f"skipped: folder {home}/{folder} is writable by everybody"
    assert what in python(FIND, ASCEND_HOME_PATH=home).stderr
    said = verdict(doctor(ASCEND_HOME_PATH=home))
    assert f"warning: {home}/{PACKAGE}/{vendors.LIBRARY}: {what}" in said
    assert f"  remedy: chmod o-w {home}/{folder}" in said


@pytest.mark.parametrize(
    ("me", "owner", "trusted"),
    [(0, 0, True), (0, 4711, False), (815, 815, True), (815, 0, True), (815, 4711, False)],
)
def test_library_of_another_user_is_distrusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: int, owner: int, trusted: bool
) -> None:
    library = tmp_path / vendors.LIBRARY
    library.parent.mkdir(parents=True)
    library.touch()
    stat = Path.stat

    def owned(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        uid = owner if path == library else 0
        return os.stat_result([*found[:4], uid, *found[5:10]])

    monkeypatch.setattr(Path, "stat", owned)
    monkeypatch.setattr(vendors.os, "geteuid", lambda: me)
    runs = "user 815" if me else "root"
    text = f"{library} belongs to user 4711 while this process runs as {runs}; remedy: chown "
    for judge in (vendors.distrust, vendors.skipped_by_torch_npu):
        said = judge(library)
        assert said == "" if trusted else said.startswith(text)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_is_told_of_a_library_of_another_user(home: Path) -> None:
    library = home / PACKAGE / vendors.LIBRARY
    os.chown(library, 4711, 4711)
    what = f"{library} belongs to user 4711 while this process runs as root"
    assert (
        f"  {library}: skipped: {what}; remedy: chown root"
        in python(FIND, ASCEND_HOME_PATH=home).stderr
    )
    assert f"warning: {library}: skipped: {what}\n" in doctor(ASCEND_HOME_PATH=home)


# A half-set environment: each variable's text is in test_variables.py.


def test_operators_of_another_home_are_named_when_only_their_variable_is_set(
    tmp_path: Path, shipped: Path
) -> None:
    done = python(FIND, ASCEND_OPP_PATH=tmp_path)
    assert done.stderr.splitlines()[-1] == (
        f"remedy: ASCEND_OPP_PATH names {tmp_path}; unset it to use the operators of the host "
        f"device in {shipped}/opp"
    )
    said = verdict(doctor(ASCEND_OPP_PATH=tmp_path))
    assert (
        "warning: ASCEND_OPP_PATH is set without ASCEND_HOME_PATH, half of CANN's set_env.sh"
        in said
    )
    assert f"problem: no library has the operator {OPERATOR}" in said
    assert f"  remedy: ASCEND_OPP_PATH names {tmp_path}; unset it to use" in "\n".join(said)


def test_relative_home_means_the_same_after_a_change_of_folder(home: Path) -> None:
    code = f"""
import os
os.chdir("{home.parent}")
from aclnn_moe._ffi import discovery
found = discovery.find()
print(found.home, found.opp_path, *found.library_dirs, *found.vendor_libraries)
"""
    relative = {"ASCEND_HOME_PATH": "home", "ASCEND_CUSTOM_OPP_PATH": f"home/{PACKAGE}"}
    assert python(code, **relative).stdout.split() == [
        str(home),
        f"{home}/opp",
        f"{home}/lib64",
        f"{home}/{PACKAGE}/{vendors.LIBRARY}",
    ]


def test_npu_that_is_not_used_is_told_at_start(tmp_path: Path, home: Path) -> None:
    (tmp_path / "davinci0").touch()
    for variables, why in (
        ({}, "ASCEND_HOME_PATH is not set"),
        ({"ASCEND_HOME_PATH": f"{tmp_path}/gone"}, f"{tmp_path}/gone does not exist"),
    ):
        found = discovery.find(variables, devices=tmp_path, host_homes=[home])
        assert found.kind == "host"
        assert found.surprise == (
            f"this machine has an NPU ({tmp_path}/davinci0), and the host device (the CPU) is "
            f"used, because {why}; remedy: source CANN's set_env.sh, or export "
            "ACLNN_MOE_DEVICE=host if the CPU is meant"
        )
    for meant in ({"ACLNN_MOE_DEVICE": "host"}, {"ASCEND_HOME_PATH": str(home)}):
        assert discovery.find(meant, devices=tmp_path, host_homes=[home]).surprise == ""
