# SPDX-License-Identifier: Apache-2.0
"""Custom operator libraries in CANN's search order, and which of them may be trusted."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Container
from pathlib import Path

LIBRARY = Path("op_api") / "lib" / "libcust_opapi.so"


def find_vendor_libraries(
    *, opp_path: Path, custom_opp_path: str = "", opened: Container[Path] = ()
) -> tuple[list[Path], list[tuple[str, str]]]:
    """Libraries that may be loaded, in search order, and every path looked at with what was found.

    Parameters
    ----------
    opp_path
        Root with ``vendors/config.ini``.
    custom_opp_path
        Value of ASCEND_CUSTOM_OPP_PATH: vendor folders separated by colons, searched first.
    opened
        Libraries that this process has loaded already: they are not judged again.
    """
    libraries: list[Path] = []
    tried: list[tuple[str, str]] = []
    folders = dict.fromkeys(
        (Path(entry).absolute() for entry in custom_opp_path.split(":") if entry),
        "ASCEND_CUSTOM_OPP_PATH",
    )
    config = opp_path / "vendors" / "config.ini"
    try:
        names = read_load_priority(config)
        tried.append((str(config), f"load_priority={','.join(names)}"))
        for name in names:
            folders.setdefault(opp_path / "vendors" / name, f"load_priority of {config}")
    except OSError as error:
        tried.append((str(config), error.strerror or str(error)))
    except ValueError as error:
        tried.append((str(config), str(error)))
    for folder, named_by in folders.items():
        library = folder / LIBRARY
        if objection := unreadable(library):
            tried.append((str(library), f"skipped: {objection}"))
        elif not library.is_file():
            tried.append((str(library), f"missing: {_near_miss(folder, named_by)}"))
        elif library not in opened and (objection := distrust(library)):
            tried.append((str(library), f"skipped: {objection}"))
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


def vendor_folder(library: Path) -> Path:
    """Return the vendor folder whose operator library is ``library``."""
    return library.parents[len(LIBRARY.parts) - 1]


def unreadable(library: Path) -> str:
    """Why this user may not read ``library``, with the remedy; empty when they may, or it is gone.

    Installers let only the owner and the group read a package, unless told otherwise.
    """
    try:
        library.stat()
        if os.access(library, os.R_OK, effective_ids=True):
            return ""
    except PermissionError:
        pass
    except OSError:
        return ""
    return (
        f"user {_user(os.geteuid())} may not read {library}; remedy: install it again with "
        "--install-for-all, or run as a user who may"
    )


def distrust(library: Path) -> str:
    """Why the operator library must not be loaded, with the remedy, or an empty string.

    Whoever can write a library runs code in this process: that may be root, the user who runs it,
    and whoever installed this package, who could change this very check.
    """
    if loose := writable_by_all(library, vendor_folder(library)):
        return loose
    try:
        owner = library.stat().st_uid
    except OSError as error:
        return error.strerror or str(error)
    return "" if trusted(owner) else foreign_owner(library, owner)


def trusted(owner: int) -> bool:
    """Whether libraries of the user ``owner`` may be loaded."""
    return owner in (0, os.geteuid(), Path(__file__).stat().st_uid)


def foreign_owner(library: Path, owner: int) -> str:
    """Text and remedy for a library that belongs to the user ``owner``."""
    me = os.geteuid()
    runs = "root" if me == 0 else f"user {_user(me)}"
    return (
        f"{library} belongs to user {_user(owner)} while this process runs as {runs}; remedy: "
        f"chown {'root' if me == 0 else _user(me)} {library}, or install the package as the user "
        "who runs it"
    )


def skipped_by_torch_npu(library: Path) -> str:
    """Why torch_npu does not use ``library``, by the rule of its own; empty when it does.

    As root it takes only what is root's; another user takes what is root's or their own.
    """
    try:
        owner = library.stat().st_uid
    except OSError:
        return ""
    return "" if owner in (0, os.geteuid()) else foreign_owner(library, owner)


def writable_by_all(library: Path, top: Path) -> str:
    """Why everybody could put code of their own into ``library``; empty when nobody else can.

    Looks at the file, at the folders from it up to ``top``, and at where a link leads. What lies
    above is as it is for Python's own modules.
    """
    try:
        real = library.resolve(strict=True)
        if real.stat().st_mode & stat.S_IWOTH:
            return f"{real} is writable by everybody; remedy: chmod o-w {real}"
        above = [folder for folder in library.parents if folder.is_relative_to(top)]
        for folder in dict.fromkeys((*above, real.parent)):
            mode = folder.stat().st_mode
            # In a folder such as /tmp only the owner of a file can take it away.
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                return f"folder {folder} is writable by everybody; remedy: chmod o-w {folder}"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _near_miss(folder: Path, named_by: str) -> str:
    """Say what ``folder`` is, which is no vendor folder, and what may be meant."""
    if not folder.is_dir():
        return f"there is no folder {folder}; remedy: take it out of {named_by}"
    depth = len(LIBRARY.parts) - 1
    above = [each for each in (folder.parent, folder.parent.parent) if (each / LIBRARY).is_file()]
    below = sorted(each.parents[depth] for each in folder.glob(f"*/{LIBRARY}"))
    below += sorted(each.parents[depth] for each in folder.glob(f"vendors/*/{LIBRARY}"))
    remedy = f"name {[*above, *below][0]} in its place" if above or below else "install it again"
    return f"{folder} is no vendor folder: it has no {LIBRARY}; remedy: {remedy}"
