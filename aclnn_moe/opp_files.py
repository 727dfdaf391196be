# SPDX-License-Identifier: Apache-2.0
"""The files of an installed operator package, against the manifest that it came with."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

MANIFEST = "manifest.sha256"

# The installer writes it for the folder that it installs into.
_WRITTEN_BY_THE_INSTALLER = "bin/set_env.bash"

_REMEDY = "remedy: install the package again"


def check_files(vendor_folder: Path) -> None:
    """Check that the package holds the files that it came with, and none that others can change.

    Parameters
    ----------
    vendor_folder
        An installed package; one without a manifest did not come from a .run and is not judged.

    Raises
    ------
    ValueError
        A file is missing, changed, too many or writable by everybody; the message names it.
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
    for file in _below(vendor_folder):
        name = file.relative_to(vendor_folder).as_posix()
        if file.is_symlink():
            raise ValueError(f"{file} is a link, and the package has none; {_REMEDY}")
        if file.stat().st_mode & stat.S_IWOTH:
            raise ValueError(f"{file} is writable by everybody; remedy: chmod o-w {file}")
        if file.is_file() and name not in {*listed, MANIFEST, _WRITTEN_BY_THE_INSTALLER}:
            raise ValueError(f"{file} did not come with the package; remedy: remove it")


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
