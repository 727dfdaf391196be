# SPDX-License-Identifier: Apache-2.0
"""Opening the libraries that discovery chose, and finding operators in them."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aclnn_moe._ffi.binding import ffi, lib
from aclnn_moe.errors import LibraryNotFoundError, SymbolNotFoundError

if TYPE_CHECKING:
    from aclnn_moe._ffi.discovery import Installation

# In the order of their dependencies; all are opened for operator packages to link against.
LIBRARIES = ("libascendcl.so", "libnnopbase.so", "libhccl.so", "libopapi.so")

_ERROR_BYTES = 1024


class Operator(NamedTuple):
    """Addresses of an operator's two phases, and the library they were found in."""

    get_workspace_size: Any
    launch: Any
    path: Path


class _State:
    """The libraries of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.chosen: Installation | None = None
        self.handles: dict[Path, Any] = {}


_state = _State()


def load(chosen: Installation | None = None) -> Installation:
    """Open the libraries once; later calls give the same installation.

    Parameters
    ----------
    chosen
        What to load; what discovery finds by default.

    Raises
    ------
    LibraryNotFoundError
        No home was found, or the loader refused one of its libraries.
    """
    if _state.chosen is not None:
        return _state.chosen
    with _state.lock:
        if _state.chosen is None:
            chosen = chosen or _find()
            for name in LIBRARIES:
                lib.aclnn_moe_bind(_open_first(name, chosen))
            _state.chosen = chosen
        return _state.chosen


def installation() -> Installation | None:
    """Return what this process has loaded; None before :func:`load`."""
    return _state.chosen


def find_operator(name: str) -> Operator:
    """Find both phases of an operator: in the vendor libraries in order, then in libopapi.so.

    Looks anew at every call, so that a package installed meanwhile is found.

    Raises
    ------
    SymbolNotFoundError
        No library has it; the message lists every path and what was found there.
    """
    chosen = load()
    tried: list[tuple[str, str]] = []
    for path in [*_vendor_libraries(chosen, tried), *_candidates("libopapi.so", chosen)]:
        found = _look_into(path, name)
        if isinstance(found, Operator):
            return found
        tried.append((str(path), found))
    raise SymbolNotFoundError.listing(name, f"no library has the operator {name}", tried)


def missing_function(name: str) -> SymbolNotFoundError:
    """Error for a function of ``cann.h`` that none of the loaded libraries has."""
    chosen = _state.chosen
    if chosen is None:
        return SymbolNotFoundError.listing(name, f"{name}: no CANN library is loaded yet", [])
    tried = [(str(path), "present without the symbol") for path in _state.handles]
    return SymbolNotFoundError.listing(
        name, f"the CANN at {chosen.home} has no function {name}", tried
    )


def _find() -> Installation:
    from aclnn_moe._ffi import discovery

    try:
        return discovery.find()
    except discovery.DiscoveryError as error:
        raise LibraryNotFoundError.listing("dlopen", error.summary, error.tried) from error


def _vendor_libraries(chosen: Installation, tried: list[tuple[str, str]]) -> list[Path]:
    """Vendor libraries as they are now, which may differ from when the process started."""
    from aclnn_moe._ffi.vendors import find_vendor_libraries

    found, looked_at = find_vendor_libraries(
        opp_path=chosen.opp_path, custom_opp_path=os.environ.get("ASCEND_CUSTOM_OPP_PATH", "")
    )
    known = {str(path) for path in found}
    tried.extend((path, what) for path, what in looked_at if path not in known)
    return found


def _candidates(name: str, chosen: Installation) -> list[Path]:
    return [folder / name for folder in chosen.library_dirs]


def _open_first(name: str, chosen: Installation) -> Any:  # noqa: ANN401 - a cdata pointer
    tried = []
    for path in _candidates(name, chosen):
        handle, why = _open(path, keep_global=True)
        if handle is not None:
            return handle
        tried.append((str(path), why))
    raise LibraryNotFoundError.listing("dlopen", f"cannot load {name}", tried)


def _open(path: Path, *, keep_global: bool) -> tuple[Any, str]:
    """Return the library's handle, or None and why not."""
    handle = _state.handles.get(path)
    if handle is not None:
        return handle, ""
    if not path.is_file():
        return None, "library absent"
    error = ffi.new("char[]", _ERROR_BYTES)
    handle = lib.aclnn_moe_open(os.fsencode(path), keep_global, error, _ERROR_BYTES)
    if handle == ffi.NULL:
        return None, f"cannot be loaded: {ffi.string(error).decode('utf-8', 'replace')}"
    _state.handles[path] = handle
    return handle, ""


def _look_into(path: Path, name: str) -> Operator | str:
    handle, why = _open(path, keep_global=False)
    if handle is None:
        return why
    first = lib.aclnn_moe_symbol(handle, f"{name}GetWorkspaceSize".encode())
    second = lib.aclnn_moe_symbol(handle, name.encode())
    if first != ffi.NULL and second != ffi.NULL:
        return Operator(first, second, path)
    if first == ffi.NULL and second == ffi.NULL:
        return "present without the symbol"
    return f"has only {name if first == ffi.NULL else name + 'GetWorkspaceSize'}"
