# SPDX-License-Identifier: Apache-2.0
"""The files of an installed operator package: what the manifest says of them, whose they are."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
from pathlib import Path

from aclnn_moe._ffi import elf, vendors

MANIFEST = "manifest.sha256"

_REMEDY = "remedy: install the package again"


def check_files(vendor_folder: Path) -> None:
    """Check that the package holds the files that it came with, and none that others can change.

    Whoever owns a folder can put another library into it, so owners of folders count as well.

    Parameters
    ----------
    vendor_folder
        An installed package; one without a manifest did not come from a .run and is not judged.

    Raises
    ------
    ValueError
        A file is missing, changed, too many, somebody else's or writable by everybody, or is a
        link that leads out of the package; the message names it.
    OSError
        A file cannot be read.
    """
    manifest = vendor_folder / MANIFEST
    if not manifest.is_file():
        return
    listed = _listed(manifest)
    for name, wanted in listed.items():
        file = vendor_folder / name
        if not file.is_file():
            raise ValueError(f"{file} is missing; {_REMEDY}")
        if hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
            raise ValueError(f"{file} is not the file that was installed; {_REMEDY}")
    known = {*listed, MANIFEST}
    top = vendor_folder.resolve()
    for file in [vendor_folder, *_below(vendor_folder)]:
        if file.is_symlink() and not file.resolve().is_relative_to(top):
            raise ValueError(f"{file} is a link that leads out of the package; {_REMEDY}")
        if not file.is_dir() and file.relative_to(vendor_folder).as_posix() not in known:
            raise ValueError(f"{file} did not come with the package; remedy: remove it")
        status = file.stat()
        if status.st_mode & stat.S_IWOTH:
            raise ValueError(f"{file} is writable by everybody; remedy: chmod o-w {file}")
        if not vendors.trusted(status.st_uid):
            raise ValueError(vendors.foreign_owner(file, status.st_uid))


def libraries(vendor_folder: Path) -> list[Path]:
    """Shared libraries of the package that are for this machine's processor, or should be.

    In folders ``linux/<processor>`` there may be libraries for other processors as well.
    """
    found = []
    for file in sorted(vendor_folder.rglob("*.so")):
        folders = file.relative_to(vendor_folder).parts[:-1]
        if "linux" not in folders or platform.machine() in folders:
            found.append(file)
    return found


def check_processor(vendor_folder: Path) -> None:
    """Check that the package's libraries are for this machine's processor.

    Raises
    ------
    ValueError
        One is not, or is damaged; the message names it.
    OSError
        One cannot be read.
    """
    for library in libraries(vendor_folder):
        shared = elf.read(library)
        if not shared.fits_this_machine:
            raise ValueError(f"{library} is {elf.wrong_machine(shared)}")


def _listed(manifest: Path) -> dict[str, str]:
    """Name to checksum of each line, as sha256sum writes them: '<64 digits>  ./<name>'."""
    listed = {}
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        checksum, _, path = line.partition("  ./")
        if len(checksum) != 64 or not path or ".." in Path(path).parts:
            raise ValueError(f"{manifest} is damaged: {line!r}; {_REMEDY}")
        listed[path] = checksum
    return listed


def _below(folder: Path) -> list[Path]:
    return [
        Path(top, name)
        for top, folders, files in os.walk(folder)
        for name in sorted([*folders, *files])
    ]
