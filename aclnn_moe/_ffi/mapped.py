# SPDX-License-Identifier: Apache-2.0
"""CANN libraries that are in this process already: torch_npu, or the program, opened them first.

The loader takes two files of one SONAME for two libraries when they are opened by path. Each would
have devices, contexts and error texts of its own, and handles of one mean nothing to the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aclnn_moe._ffi import discovery

_MAPS = Path("/proc/self/maps")
_DELETED = " (deleted)"
_START_AGAIN = "start the program by `aclnn-moe run -- CMD`"


def mapped_libraries(
    names: Sequence[str] = discovery.REQUIRED_LIBRARIES, *, maps: Path = _MAPS
) -> dict[str, list[str]]:
    """Files that are mapped as ``names``; a file gone from the disk ends with ' (deleted)'.

    Parameters
    ----------
    names
        SONAMEs; ``libascendcl.so.1`` counts as ``libascendcl.so``.
    maps
        The process's table of mappings.
    """
    found: dict[str, list[str]] = {}
    try:
        lines = maps.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return found  # no /proc: nothing can be said
    for line in lines:
        fields = line.split(maxsplit=5)
        if len(fields) < 6 or not fields[5].startswith("/"):
            continue
        path = fields[5]
        file = path.removesuffix(_DELETED).rpartition("/")[2]
        for name in names:
            if file == name or file.startswith(f"{name}."):
                paths = found.setdefault(name, [])
                if path not in paths:
                    paths.append(path)
    return found


def follow(
    chosen: discovery.Installation,
    mapped: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
) -> discovery.Installation:
    """Return the installation whose libraries are mapped: ``chosen``, or one in its place.

    Raises
    ------
    DiscoveryError
        The mapped libraries are of more than one home, of an incomplete one, of one that
        ACLNN_MOE_DEVICE excludes, or are no longer the files on the disk.
    """
    paths = [path for found in mapped.values() for path in found]
    tried = [(path, "already loaded in this process") for path in paths]
    for path in paths:
        if path.endswith(_DELETED):
            raise discovery.DiscoveryError(
                f"{path.removesuffix(_DELETED)} was replaced after this process had loaded it; "
                "remedy: restart the program",
                tried,
            )
    if all(_belongs(path, chosen.library_dirs) for path in paths):
        return chosen
    homes = list(dict.fromkeys(_home_of(path, chosen, environ) for path in paths))
    if len(homes) > 1:
        named = ", ".join(str(home) for home in homes)
        raise discovery.DiscoveryError(
            f"this process has loaded libraries of more than one CANN home ({named}), which do not "
            "know one another's devices; remedy: remove all but one from LD_LIBRARY_PATH, or "
            f"{_START_AGAIN}",
            tried,
        )
    home = homes[0]
    folders, missing = discovery.library_dirs(home, tried)
    if missing:
        raise discovery.DiscoveryError(
            f"this process has loaded {paths[0]}, and {home} is no whole CANN home: it lacks "
            f"{', '.join(missing)}; remedy: take {home} out of LD_LIBRARY_PATH, or {_START_AGAIN}",
            tried,
        )
    is_host = discovery.is_host_home(home)
    kind = "the host device" if is_host else "the CANN"
    loaded = f"this process had loaded {kind} at {home} before aclnn_moe"
    forced = environ.get("ACLNN_MOE_DEVICE", "").strip().lower()
    if forced and forced != ("host" if is_host else "npu"):
        raise discovery.DiscoveryError(
            f"ACLNN_MOE_DEVICE={forced} asks for {chosen.home}, but {loaded}; remedy: "
            f"{_START_AGAIN}, which puts the libraries of {chosen.home} first",
            tried,
        )
    return discovery.installation(
        "host" if is_host else "npu",
        home,
        folders,
        environ,
        loaded,
        [*chosen.tried, *tried],
        f"{loaded}, which by itself would have taken {chosen.home} ({chosen.reason}): the loaded "
        f"one is used; remedy: {_START_AGAIN}, so that all of it takes the same home",
    )


def _belongs(path: str, folders: Sequence[Path]) -> bool:
    """Whether one of ``folders`` holds the very file ``path``, under whatever name."""
    return any(_is_same(path, each) for folder in folders for each in _names(folder, path))


def _names(folder: Path, path: str) -> list[Path]:
    file = path.rpartition("/")[2]
    return [folder / file, folder / f"{file.partition('.so')[0]}.so"]


def _is_same(first: str, second: Path) -> bool:
    try:
        return Path(first).samefile(second)
    except OSError:
        return False


def _home_of(path: str, chosen: discovery.Installation, environ: Mapping[str, str]) -> Path:
    """Home that the library ``path`` is of: a named one where it fits, else the nearest whole."""
    if _belongs(path, chosen.library_dirs):
        return chosen.home
    named = [environ.get(name, "") for name in ("ASCEND_HOME_PATH", "ASCEND_TOOLKIT_HOME")]
    folder = Path(path).parent
    above = list(folder.parents)
    for home in [*(Path(each) for each in named if each), *above]:
        if _belongs(path, discovery.library_folders(home)):
            _, missing = discovery.library_dirs(home, [])
            if not missing:
                return home
    return folder
