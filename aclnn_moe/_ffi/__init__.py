# SPDX-License-Identifier: Apache-2.0
"""C, as Python sees it: the only part of the package that does.

Importing this folder loads nothing. ``ffi`` and ``lib`` (cffi) come from the compiled module, which
links against no CANN library: :func:`load` opens those that discovery chose, and every function of
``cann.h`` is then callable as ``lib.<name>``. cffi releases the GIL around each call.
"""

from __future__ import annotations

from typing import Any

__all__ = ["check", "embedded_home", "ffi", "find_operator", "installation", "lib", "load"]

_HOMES = {
    "check": "status",
    "embedded_home": "binding",
    "ffi": "binding",
    "find_operator": "loader",
    "installation": "loader",
    "lib": "binding",
    "load": "loader",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
