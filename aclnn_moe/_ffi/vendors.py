# SPDX-License-Identifier: Apache-2.0
"""Custom operator libraries in CANN's search order, and which of them may be trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LIBRARY = Path("op_api") / "lib" / "libcust_opapi.so"


def find_vendor_libraries(
    *, opp_path: Path, custom_opp_path: str = ""
) -> tuple[list[Path], list[tuple[str, str]]]:
    """Libraries that may be loaded, in search order, and every path looked at with what was found.

    Parameters
    ----------
    opp_path
        Root with ``vendors/config.ini``.
    custom_opp_path
        Value of ASCEND_CUSTOM_OPP_PATH: vendor folders separated by colons, searched first.
    """
    libraries: list[Path] = []
    tried: list[tuple[str, str]] = []
    folders = [Path(entry) for entry in custom_opp_path.split(":") if entry]
    config = opp_path / "vendors" / "config.ini"
    try:
        names = read_load_priority(config)
        tried.append((str(config), f"load_priority={','.join(names)}"))
        folders += [opp_path / "vendors" / name for name in names]
    except OSError as error:
        tried.append((str(config), error.strerror or str(error)))
    except ValueError as error:
        tried.append((str(config), str(error)))
    for folder in folders:
        library = folder / LIBRARY
        if not library.is_file():
            tried.append((str(library), "missing"))
        elif objection := distrust(library):
            tried.append((str(library), f"skipped: {objection}"))
        elif library in libraries:
            tried.append((str(library), "listed before"))
        else:
            tried.append((str(library), "operator library"))
            libraries.append(library)
    return libraries, tried


def read_load_priority(config: Path) -> list[str]:
    """Vendor names of a config.ini, first to be searched first.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It has no load_priority, or a name that would leave the vendors folder.
    """
    for line in config.read_text(encoding="utf-8", errors="replace").splitlines():
        key, equals, value = line.partition("=")
        if key.strip() != "load_priority" or not equals:
            continue
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if "/" in name or name in (".", ".."):
                raise ValueError(f"load_priority names {name!r}: want folder names without '/'")
        return list(dict.fromkeys(names))
    raise ValueError("no line load_priority=<vendor>,<vendor>...")


def distrust(library: Path) -> str:
    """Why ``library`` must not be loaded, or an empty string.

    Whoever can write a library runs code in this process, so nobody but its owner may.
    """
    try:
        real = library.resolve(strict=True)
        status = real.stat()
        if status.st_mode & stat.S_IWOTH:
            return f"{real} is writable by everybody (remedy: chmod o-w)"
        for folder in dict.fromkeys((library.parent, real.parent)):
            mode = folder.stat().st_mode
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                return f"folder {folder} is writable by everybody (remedy: chmod o-w)"
    except OSError as error:
        return error.strerror or str(error)
    # The owner of this package could change this very check.
    trusted = {0, os.geteuid(), Path(__file__).stat().st_uid}
    if os.geteuid() == 0 and status.st_uid not in trusted:
        return f"{real} belongs to user {status.st_uid} while this process runs as root"
    return ""
