# SPDX-License-Identifier: Apache-2.0
"""Which CANN home this process uses: a real one with an NPU, or the host device of this package."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aclnn_moe._ffi.vendors import find_vendor_libraries

Tried = list[tuple[str, str]]

# The four libraries that the package calls; a home that lacks one of them is not usable.
REQUIRED_LIBRARIES = ("libascendcl.so", "libnnopbase.so", "libhccl.so", "libopapi.so")

# Where a CANN release may keep its files below the folder that ASCEND_HOME_PATH names.
_ROOTS = ("", "latest", "ascend-toolkit/latest", "cann")

_DEFAULT_HOMES = ("/usr/local/Ascend/ascend-toolkit/latest", "/usr/local/Ascend/cann")

_VERSION_FILES = (
    "version.info",
    "version.cfg",
    f"{platform.machine()}-linux/ascend_toolkit_install.info",
    "runtime/version.info",
)

# What the CMake install of the host device writes into <home>/version.info.
HOST_DEVICE_PACKAGE = "aclnn_moe_host"


class DiscoveryError(OSError):
    """No usable CANN home; the message lists every path tried and what was found there.

    The summary reads "what is wrong; remedy: what mends it", as all that the doctor says.
    """

    def __init__(self, message: str, tried: Tried) -> None:
        lines = [f"  {path}: {found}" for path, found in tried]
        super().__init__("\n".join([message, "Tried, in order:", *lines]))
        self.summary = message
        self.tried = tried


@dataclass(frozen=True)
class Installation:
    """The libraries that this process uses, and how they were chosen.

    Attributes
    ----------
    kind
        'npu' for a CANN toolkit with an NPU, 'host' for the host device.
    home
        The CANN home, as ASCEND_HOME_PATH names it.
    library_dirs
        Folders that hold the libraries, in search order.
    opp_path
        The operator packages' root, as ASCEND_OPP_PATH names it.
    vendor_libraries
        Custom operator libraries in search order; libopapi.so comes after them.
    reason
        One sentence: why this home.
    tried
        Every path looked at, with what was found there.
    surprise
        What the user may not expect of this choice, with the remedy; mostly empty.
    """

    kind: Literal["npu", "host"]
    home: Path
    library_dirs: list[Path]
    opp_path: Path
    vendor_libraries: list[Path]
    reason: str
    tried: Tried = field(repr=False)
    surprise: str = field(default="", repr=False)

    def library(self, name: str) -> Path:
        """Path of the library ``name``, such as 'libhccl.so'.

        Raises
        ------
        DiscoveryError
            No library folder holds it.
        """
        for folder in self.library_dirs:
            if (folder / name).is_file():
                return folder / name
        raise DiscoveryError(
            f"{name} is in no library folder of {self.home}",
            [(str(folder / name), "missing") for folder in self.library_dirs],
        )


def find(
    environ: Mapping[str, str] | None = None,
    *,
    devices: Path = Path("/dev"),
    host_homes: list[Path] | None = None,
) -> Installation:
    """Choose the CANN home of this process; loads nothing and changes nothing.

    Parameters
    ----------
    environ
        Environment to read; ``os.environ`` by default.
    devices
        Folder of the device nodes.
    host_homes
        Where the host device may lie; beside the compiled binding by default.

    Raises
    ------
    DiscoveryError
        No usable home.
    ValueError
        ACLNN_MOE_DEVICE is neither 'npu' nor 'host'.
    """
    environ = os.environ if environ is None else environ
    tried: Tried = []
    forced = environ.get("ACLNN_MOE_DEVICE", "").strip().lower()
    if forced not in ("", "npu", "host"):
        raise ValueError(
            f"ACLNN_MOE_DEVICE is {forced!r}: want 'npu' (CANN), 'host' (the CPU) or nothing"
        )
    named = _absolute(environ.get("ASCEND_HOME_PATH", ""))
    named_is_host = bool(named) and is_host_home(Path(named))
    why_not_npu = ""
    if forced != "host" and not named_is_host:
        npu = _npu_home(named, forced == "npu", devices, tried)
        if isinstance(npu, tuple):
            root, folders, reason = npu
            return installation("npu", root, folders, environ, reason, tried)
        why_not_npu = npu
    if forced == "npu":
        if named_is_host:
            tried.append((named, "the host device, not CANN"))
            why_not_npu = f"ASCEND_HOME_PATH={named} is the host device"
        raise DiscoveryError(
            f"ACLNN_MOE_DEVICE=npu, but {why_not_npu}; remedy: source CANN's set_env.sh, or unset "
            "ACLNN_MOE_DEVICE to use the host device",
            tried,
        )

    homes = default_host_homes() if host_homes is None else list(host_homes)
    if named_is_host:
        homes.insert(0, Path(named))
    for home in homes:
        folders, missing = library_dirs(home, tried)
        if missing:
            continue
        if forced == "host":
            reason = "ACLNN_MOE_DEVICE=host"
        elif named_is_host:
            reason = "ASCEND_HOME_PATH names a host device"
        else:
            reason = why_not_npu
        surprise = "" if forced or named_is_host else _unused_npu(devices, why_not_npu)
        return installation("host", home, folders, environ, reason, tried, surprise)
    cause = f" ({why_not_npu})" if why_not_npu else ""
    raise DiscoveryError(
        f"neither an NPU with CANN{cause} nor the host device of this package was found; remedy: "
        f"{_install_remedy()}, or set ASCEND_HOME_PATH to a home",
        tried,
    )


def is_host_home(home: Path) -> bool:
    """Tell whether ``home`` is the host device of this project, by its version.info."""
    return home_version(home).get("Package") == HOST_DEVICE_PACKAGE


def home_version(home: Path) -> dict[str, str]:
    """Fields of the first version file of ``home``; empty without one."""
    for name in _VERSION_FILES:
        try:
            text = (home / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
        return {key.strip(): value.strip() for key, _, value in pairs}
    return {}


def default_host_homes() -> list[Path]:
    """Where the host device may lie: beside the compiled binding, then in the package folder."""
    homes = [Path(__file__).resolve().parent.parent / "host"]
    try:
        from aclnn_moe._ffi.binding import embedded_home
    except ImportError:
        return homes  # the sources alone, without their compiled half
    # An editable install keeps the compiled half away from the sources.
    return list(dict.fromkeys([embedded_home(), *homes]))


def installation(
    kind: Literal["npu", "host"],
    home: Path,
    folders: list[Path],
    environ: Mapping[str, str],
    reason: str,
    tried: Tried,
    surprise: str = "",
) -> Installation:
    """Complete a chosen home with the operator packages that ``environ`` and its opp name."""
    opp = _opp_path(kind, home, environ)
    libraries, looked_at = find_vendor_libraries(
        opp_path=opp, custom_opp_path=environ.get("ASCEND_CUSTOM_OPP_PATH", "")
    )
    tried.extend(looked_at)
    return Installation(kind, home, folders, opp, libraries, reason, tried, surprise)


def _install_remedy() -> str:
    package = Path(__file__).resolve().parent.parent
    if (package / "_ffi" / "CMakeLists.txt").is_file():  # a wheel leaves it out
        return (
            f"start in another folder than {package.parent}, whose sources are taken for the "
            "installed package, or install it (pip install .)"
        )
    return "install the package again (pip install --force-reinstall aclnn-moe)"


def _absolute(path: str) -> str:
    """Return ``path`` as it stays meant when the process, or a child, changes its folder."""
    return str(Path(path).absolute()) if path else ""


def _unused_npu(devices: Path, why: str) -> str:
    node = _device_node(devices)
    if not node:
        return ""
    return (
        f"this machine has an NPU ({node}), and the host device (the CPU) is used, because {why}; "
        "remedy: source CANN's set_env.sh, or export ACLNN_MOE_DEVICE=host if the CPU is meant"
    )


def _opp_path(kind: str, home: Path, environ: Mapping[str, str]) -> Path:
    named = _absolute(environ.get("ASCEND_OPP_PATH", ""))
    # A shell with CANN's set_env.sh keeps its operators for CANN: they need an NPU. The host device
    # follows ASCEND_OPP_PATH only where ASCEND_HOME_PATH names the host device as well.
    home_named = _absolute(environ.get("ASCEND_HOME_PATH", ""))
    if named and (kind == "npu" or home_named in ("", str(home))):
        return Path(named)
    return home / "opp"


def _npu_home(
    named: str, forced: bool, devices: Path, tried: Tried
) -> tuple[Path, list[Path], str] | str:
    """Return the real CANN as (root, library folders, reason), or why it cannot be used."""
    if not named and not forced:
        tried.append(("ASCEND_HOME_PATH", "not set"))
        return "ASCEND_HOME_PATH is not set"
    node = _device_node(devices)
    tried.append((f"{devices}/davinci*", node or "no NPU device"))
    problem = ""
    for home in (named,) if named else _DEFAULT_HOMES:
        if not Path(home).is_dir():
            tried.append((home, "no such folder"))
            problem = problem or f"{home} does not exist"
            continue
        for root in (Path(home, part) if part else Path(home) for part in _ROOTS):
            if root != Path(home) and not root.is_dir():
                continue
            folders, missing = library_dirs(root, tried)
            if missing:
                problem = problem or f"{root} lacks {', '.join(missing)}"
            elif node:
                return root, folders, f"ASCEND_HOME_PATH={home} and {node}"
            elif forced:
                return root, folders, "ACLNN_MOE_DEVICE=npu"
            else:
                return f"ASCEND_HOME_PATH={home} is set, but {devices} has no NPU (davinci*)"
    return problem


def _device_node(devices: Path) -> str:
    nodes = sorted(devices.glob("davinci[0-9]*"))
    manager = devices / "davinci_manager"
    return str(nodes[0]) if nodes else str(manager) if manager.exists() else ""


def library_folders(root: Path) -> list[Path]:
    """Every folder below ``root`` in which a CANN release may keep its libraries."""
    machine = platform.machine()
    return [
        root / "lib64",
        root / f"{machine}-linux" / "lib64",
        root / "runtime" / "lib64",
        root / "compiler" / "lib64",
        root / "hccl" / "lib64",
        root / "fwkacllib" / "lib64",
        root / "acllib" / "lib64",
        root / "opp/built-in/op_impl/ai_core/tbe/op_api/lib/linux" / machine,
    ]


def library_dirs(root: Path, tried: Tried) -> tuple[list[Path], list[str]]:
    """Return folders of ``root`` with required libraries, and the libraries that none holds."""
    folders = []
    missing = list(REQUIRED_LIBRARIES)
    for folder in library_folders(root):
        held = [name for name in REQUIRED_LIBRARIES if (folder / name).is_file()]
        if not folder.is_dir():
            continue
        tried.append((str(folder), ", ".join(held) if held else "none of the libraries needed"))
        if held:
            folders.append(folder)
            missing = [name for name in missing if name not in held]
    if not folders:
        tried.append((str(root), "no library folder" if root.is_dir() else "no such folder"))
    return folders, missing
