# SPDX-License-Identifier: Apache-2.0
"""The one place where a status of C becomes an exception."""

from __future__ import annotations

from aclnn_moe import errors
from aclnn_moe._ffi.binding import ffi, lib


def recent_error_text() -> str:
    """Return what the calling thread's last failed call left to say; empty when it left nothing."""
    text = lib.aclGetRecentErrMsg()
    return "" if text == ffi.NULL else ffi.string(text).decode("utf-8", "replace").strip()


def check(status: int, function: str) -> None:
    """Raise what a non-zero ``status`` of ``function`` means; to be called in the same thread.

    Raises
    ------
    AclError
        Or one of its subclasses, with CANN's own text.
    """
    if status:
        raise_status(status, function)


def raise_status(status: int, function: str, text: str | None = None) -> None:
    """Raise what ``status`` means, with ``text`` in place of the thread's recent error text."""
    if status == lib.ACLNN_MOE_SYMBOL_MISSING:
        from aclnn_moe._ffi import loader

        raise loader.missing_function(function)
    raise errors.from_status(status, function, recent_error_text() if text is None else text)
