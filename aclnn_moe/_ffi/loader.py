# SPDX-License-Identifier: Apache-2.0
"""Opening the libraries that discovery chose, and finding operators in them."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aclnn_moe._ffi.binding import ffi, lib
from aclnn_moe._ffi.vendors import vendor_folder, writable_by_all
from aclnn_moe.errors import LibraryNotFoundError, SymbolNotFoundError

if TYPE_CHECKING:
    from aclnn_moe._ffi.discovery import Installation

# In the order of their dependencies; all are opened for operator packages to link against.
LIBRARIES = ("libascendcl.so", "libnnopbase.so", "libhccl.so", "libopapi.so")

_ERROR_BYTES = 1024
_PACKAGE = "aclnn_moe."


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
        No home was found, the loader refused one of its libraries, or this process has loaded
        libraries that do not go with them.
    """
    if _state.chosen is not None:
        return _state.chosen
    with _state.lock:
        if _state.chosen is None:
            chosen = _follow_mapped(chosen or _find())
            for name in LIBRARIES:
                lib.aclnn_moe_bind(_open_first(name, chosen))
            _state.chosen = chosen
            if chosen.surprise:
                warnings.warn(chosen.surprise, RuntimeWarning, stacklevel=_user_level())
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
    packages = [(path, vendor_folder(path)) for path in _vendor_libraries(chosen, tried)]
    own = [(path, chosen.home) for path in _candidates("libopapi.so", chosen)]
    for path, top in [*packages, *own]:
        found = _wrong_chip(path, top, chosen) or _look_into(path, top, name)
        if isinstance(found, Operator):
            return found
        tried.append((str(path), found))
    reason = f"no library has the operator {name}; remedy: {_operator_remedy(chosen, tried)}"
    raise SymbolNotFoundError.listing(name, reason, tried)


def missing_function(name: str) -> SymbolNotFoundError:
    """Error for a function of ``cann.h`` that none of the loaded libraries has."""
    chosen = _state.chosen
    if chosen is None:
        return SymbolNotFoundError.listing(name, f"{name}: no CANN library is loaded yet", [])
    tried = [(str(path), "present without the symbol") for path in _state.handles]
    return SymbolNotFoundError.listing(
        name,
        f"the CANN at {chosen.home} has no function {name}; remedy: install a newer CANN, or "
        "export ACLNN_MOE_DEVICE=host to use the host device",
        tried,
    )


def _find() -> Installation:
    from aclnn_moe._ffi import discovery

    try:
        return discovery.find()
    except discovery.DiscoveryError as error:
        raise LibraryNotFoundError.listing("dlopen", error.summary, error.tried) from None


def _user_level() -> int:
    """Return the stack level, as seen by the caller, of the first frame outside this package."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level


def _follow_mapped(chosen: Installation) -> Installation:
    """Take what this process has loaded already: a second copy would have devices of its own."""
    from aclnn_moe._ffi import discovery, mapped

    try:
        return mapped.follow(chosen, mapped.mapped_libraries(), os.environ)
    except discovery.DiscoveryError as error:
        raise LibraryNotFoundError.listing("dlopen", error.summary, error.tried) from None


def _wrong_chip(library: Path, top: Path, chosen: Installation) -> str:
    """Why ``library`` of the package ``top`` is skipped on this device, or an empty string."""
    from aclnn_moe._ffi import chips

    if library in _state.handles or top == chosen.home:
        return ""
    built_for = chips.package_chips(top)
    soc_name = ""
    if chosen.kind == "npu" and built_for:
        name = lib.aclrtGetSocName()
        soc_name = "" if name == ffi.NULL else ffi.string(name).decode("ascii", "replace")
    objection = chips.objection(built_for, kind=chosen.kind, soc_name=soc_name, home=chosen.home)
    return f"skipped: {objection}" if objection else ""


def _operator_remedy(chosen: Installation, tried: list[tuple[str, str]]) -> str:
    skipped = (what.partition("; remedy: ")[2] for _, what in tried if what.startswith("skipped: "))
    if remedy := next(filter(None, skipped), ""):
        return remedy
    if chosen.kind == "host" and chosen.opp_path != chosen.home / "opp":
        return (
            f"ASCEND_OPP_PATH names {chosen.opp_path}; unset it to use the operators of the host "
            f"device in {chosen.home / 'opp'}"
        )
    return "install a package that has it, or name its vendor folder in ASCEND_CUSTOM_OPP_PATH"


def _vendor_libraries(chosen: Installation, tried: list[tuple[str, str]]) -> list[Path]:
    """Vendor libraries as they are now, which may differ from when the process started."""
    from aclnn_moe._ffi.vendors import find_vendor_libraries

    found, looked_at = find_vendor_libraries(
        opp_path=chosen.opp_path,
        custom_opp_path=os.environ.get("ASCEND_CUSTOM_OPP_PATH", ""),
        opened=_state.handles,
    )
    known = {str(path) for path in found}
    tried.extend((path, what) for path, what in looked_at if path not in known)
    return found


def _candidates(name: str, chosen: Installation) -> list[Path]:
    return [folder / name for folder in chosen.library_dirs]


def _open_first(name: str, chosen: Installation) -> Any:  # noqa: ANN401 - a cdata pointer
    tried = []
    for path in _candidates(name, chosen):
        handle, why = _open(path, chosen.home, keep_global=True)
        if handle is not None:
            return handle
        tried.append((str(path), why))
    raise LibraryNotFoundError.listing(
        "dlopen",
        f"cannot load {name} of {chosen.home} ({chosen.reason}); remedy: {_library_remedy(chosen)}",
        tried,
    )


def _library_remedy(chosen: Installation) -> str:
    if chosen.kind == "host":
        return (
            "install the package again (pip install --force-reinstall), and unset ASCEND_HOME_PATH "
            "where it names another copy"
        )
    return (
        "source CANN's set_env.sh, and that of the driver, in this shell; or export "
        "ACLNN_MOE_DEVICE=host to use the host device"
    )


def _open(path: Path, top: Path, *, keep_global: bool) -> tuple[Any, str]:
    """Return the handle of a library that belongs to ``top``, or None and why not."""
    handle = _state.handles.get(path)
    if handle is not None:
        return handle, ""
    if not path.is_file():
        return None, "library absent"
    if loose := writable_by_all(path, top):
        return None, f"skipped: {loose}"
    error = ffi.new("char[]", _ERROR_BYTES)
    handle = lib.aclnn_moe_open(os.fsencode(path), keep_global, error, _ERROR_BYTES)
    if handle == ffi.NULL:
        text = ffi.string(error).decode("utf-8", "replace")
        return None, f"cannot be loaded: {text}{_wrong_machine(path)}"
    _state.handles[path] = handle
    return handle, ""


def _wrong_machine(path: Path) -> str:
    """Say what the loader leaves out: it calls a file of another processor missing."""
    from aclnn_moe._ffi import elf

    try:
        library = elf.read(path)
    except (OSError, ValueError):
        return ""
    return "" if library.fits_this_machine else f" ({elf.wrong_machine(library)})"


def _look_into(path: Path, top: Path, name: str) -> Operator | str:
    handle, why = _open(path, top, keep_global=False)
    if handle is None:
        return why
    first = lib.aclnn_moe_symbol(handle, f"{name}GetWorkspaceSize".encode())
    second = lib.aclnn_moe_symbol(handle, name.encode())
    if first != ffi.NULL and second != ffi.NULL:
        return Operator(first, second, path)
    if first == ffi.NULL and second == ffi.NULL:
        return "present without the symbol"
    return f"has only {name if first == ffi.NULL else name + 'GetWorkspaceSize'}"
