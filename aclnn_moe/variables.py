# SPDX-License-Identifier: Apache-2.0
"""CANN's environment variables: where they are half set, or contradict one another.

Each text reads "what is wrong; remedy: what mends it".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aclnn_moe._ffi.discovery import Installation

_FOLDERS = ("ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME", "ASCEND_OPP_PATH")
_LISTS = ("ASCEND_CUSTOM_OPP_PATH", "LD_LIBRARY_PATH")

# What torch_npu looks for below ASCEND_HOME_PATH before it starts.
_WANTED_BY_TORCH_NPU = ("runtime", "compiler")

# The kernels of the host device, and what only one of them looks at.
_KERNEL = "ACLNN_MOE_HOST_KERNEL"
_KERNELS = ("host_cpu", "ascend910_93")
_OF_ASCEND_C = tuple(f"{_KERNEL}_{name}" for name in ("CHECK", "CORES", "TRACE"))
_MOST_CORES = 48

_RUN = "start programs by `aclnn-moe run -- CMD`"
_SOURCE = "source the whole set_env.sh of one CANN"

# Where the dynamic loader keeps what it finds without LD_LIBRARY_PATH.
_LOADER_CACHE = Path("/etc/ld.so.cache")


def contradictions(environ: Mapping[str, str], installation: Installation | None) -> list[str]:
    """Say what is half set, or set against what this package uses; empty when nothing is.

    Parameters
    ----------
    environ
        Variables to judge.
    installation
        What discovery chose from them.
    """
    found = [*_paths(environ), *_halves(environ), *_host_kernel(environ)]
    if installation is not None:
        found += [*_other_home(environ, installation), *_other_libraries(environ, installation)]
    return found


def loader_finds(environ: Mapping[str, str], library: str) -> bool:
    """Whether the dynamic loader of a new process finds ``library`` by its name."""
    if any((folder / library).is_file() for folder in _library_path(environ)):
        return True
    try:
        return f"/{library}\0".encode() in _LOADER_CACHE.read_bytes()
    except OSError:
        return False


def _paths(environ: Mapping[str, str]) -> Iterator[str]:
    for name in _FOLDERS:
        value = environ.get(name, "")
        if value and not Path(value).is_dir():
            yield f"{name} names {value}, which does not exist; remedy: unset it, or {_SOURCE}"
        elif value and not Path(value).is_absolute():
            yield _relative(name, value)
    for name in _LISTS:
        for entry in environ.get(name, "").split(":"):
            if entry and not Path(entry).is_absolute():
                yield _relative(name, entry)


def _relative(name: str, value: str) -> str:
    return (
        f"{name} names {value}, which is another folder wherever a program starts; remedy: write "
        f"{Path(value).absolute()}"
    )


def _halves(environ: Mapping[str, str]) -> Iterator[str]:
    home = environ.get("ASCEND_HOME_PATH", "")
    toolkit = environ.get("ASCEND_TOOLKIT_HOME", "")
    opp = environ.get("ASCEND_OPP_PATH", "")
    for name, value in (("ASCEND_OPP_PATH", opp), ("ASCEND_TOOLKIT_HOME", toolkit)):
        if value and not home:
            yield (
                f"{name} is set without ASCEND_HOME_PATH, half of CANN's set_env.sh; remedy: "
                f"{_SOURCE}, or unset {name}"
            )
    if Path(home).is_dir() and home and not opp:
        yield (
            "ASCEND_HOME_PATH is set without ASCEND_OPP_PATH, half of CANN's set_env.sh: torch_npu "
            f"refuses to start; remedy: export ASCEND_OPP_PATH={home}/opp, or {_RUN}"
        )
    if home and toolkit and not _same(home, toolkit):
        yield (
            f"ASCEND_HOME_PATH is {home} and ASCEND_TOOLKIT_HOME is {toolkit}: some programs "
            f"follow one, some the other; remedy: {_SOURCE}"
        )
    if home and Path(home).is_dir():
        lacking = [name for name in _WANTED_BY_TORCH_NPU if not (Path(home) / name).exists()]
        if lacking:
            yield (
                f"ASCEND_HOME_PATH names {home}, which has no folder {' and no '.join(lacking)}: "
                f"torch_npu refuses to start; remedy: {_SOURCE}, or unset ASCEND_HOME_PATH and "
                f"{_RUN}"
            )


def _host_kernel(environ: Mapping[str, str]) -> Iterator[str]:
    kernel = environ.get(_KERNEL, "")
    if kernel and kernel not in _KERNELS:
        yield f"{_KERNEL} is {kernel}; remedy: {' or '.join(_KERNELS)}, or unset it"
    given = [name for name in _OF_ASCEND_C if environ.get(name)]
    if given and kernel in ("", "host_cpu"):
        yield (
            f"{', '.join(given)} set, which the kernel host_cpu does not look at; remedy: "
            f"{_KERNEL}=ascend910_93, or unset {', '.join(given)}"
        )
    check, cores, trace = (environ.get(name, "") for name in _OF_ASCEND_C)
    if check not in ("", "0", "1"):
        yield f"{_OF_ASCEND_C[0]} is {check}; remedy: 1 for the kernel's checks, 0 for none"
    if cores and not (cores.isdecimal() and 1 <= int(cores) <= _MOST_CORES):
        yield f"{_OF_ASCEND_C[1]} is {cores}; remedy: vector cores of a rank, 1 to {_MOST_CORES}"
    if trace and not Path(trace).is_dir():
        yield f"{_OF_ASCEND_C[2]} names {trace}, which is no folder; remedy: make it"


def _other_home(environ: Mapping[str, str], installation: Installation) -> Iterator[str]:
    home = environ.get("ASCEND_HOME_PATH", "")
    opp = environ.get("ASCEND_OPP_PATH", "")
    if not home or not Path(home).is_dir():
        return
    if installation.kind == "host" and not _same(home, installation.home):
        yield (
            f"ASCEND_HOME_PATH names {home}, which other programs of this shell follow, while "
            f"aclnn_moe uses the host device ({installation.reason}); remedy: {_RUN}"
        )
    elif opp and Path(opp).is_dir() and not _same(opp, installation.home / "opp"):
        yield (
            f"ASCEND_OPP_PATH is {opp}, and not {installation.home / 'opp'} of the home that is "
            f"used: operators of one release would run in another; remedy: {_SOURCE}"
        )


def _other_libraries(environ: Mapping[str, str], installation: Installation) -> Iterator[str]:
    from aclnn_moe._ffi.discovery import REQUIRED_LIBRARIES

    others: dict[Path, list[str]] = {}
    for name in REQUIRED_LIBRARIES:
        first = next((each for each in _library_path(environ) if (each / name).is_file()), None)
        if first and not _same(first / name, installation.library(name)):
            others.setdefault(first, []).append(name)
    for folder, names in others.items():
        yield (
            f"LD_LIBRARY_PATH finds {', '.join(names)} in {folder}, before "
            f"{installation.library_dirs[0]}: other programs would mix two homes; remedy: take "
            f"{folder} out of LD_LIBRARY_PATH, or {_RUN}"
        )


def _library_path(environ: Mapping[str, str]) -> list[Path]:
    return [Path(each) for each in environ.get("LD_LIBRARY_PATH", "").split(":") if each]


def _same(first: str | Path, second: str | Path) -> bool:
    return Path(first).resolve() == Path(second).resolve()
