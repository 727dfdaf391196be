# SPDX-License-Identifier: Apache-2.0
"""Exceptions of the package: what CANN's statuses become."""

from __future__ import annotations

from typing import Any, TypeVar

from aclnn_moe.status_names import STATUS_NAMES

_Self = TypeVar("_Self", bound="AclError")

_LISTED = "; tried, in order:"


class AclError(RuntimeError):
    """A call of CANN's C interface failed.

    Attributes
    ----------
    code : int
        The status it returned.
    name : str
        The status's name in CANN's headers, such as 'ACLNN_ERR_INNER_TILING_ERROR'.
    function : str
        The C function that returned it.
    message : str
        CANN's own text; may be empty.
    """

    def __init__(self, code: int, function: str, message: str = "") -> None:
        self.code = code
        self.name = STATUS_NAMES.get(code, "unknown status")
        self.function = function
        self.message = message
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.function} failed with {self.name} ({self.code})"
        # The host device's messages begin with the function's name, or the operator's.
        reason = self.message
        for name in (self.function, self.function.removesuffix("GetWorkspaceSize")):
            reason = reason.removeprefix(f"{name}: ")
        return f"{text}: {reason}" if reason else text

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.function, self.message)


class AclTimeoutError(AclError, TimeoutError):
    """Something was waited for and did not come in time; it may still come."""


class AclMemoryError(AclError, MemoryError):
    """The device or the host has no memory left for what was asked."""


class AclNotSupportedError(AclError, NotImplementedError):
    """The CANN in use, or the device, cannot do what was asked."""


class _LoadError(AclError):
    """Nothing in C was reached: the status is the nearest one, and the text is the package's."""

    _code: int

    def __str__(self) -> str:
        return self.message

    @property
    def summary(self) -> str:
        """What is wrong and its remedy in one line, without the paths."""
        lines = self.message.splitlines()
        what = lines[0].removesuffix(_LISTED)
        return f"{what}; {lines[-1]}" if lines[-1].startswith("remedy: ") else what

    @classmethod
    def listing(
        cls: type[_Self], function: str, reason: str, tried: list[tuple[str, str]]
    ) -> _Self:
        """Make the error from the paths tried, in order, with what was found in each.

        A ``reason`` that goes on "; remedy: ..." has its remedy put last, where readers look.
        """
        what, _, remedy = reason.partition("; remedy: ")
        lines = [f"  {path}: {found}" for path, found in tried]
        lines = [what + _LISTED, *lines] if lines else [what]
        text = "\n".join([*lines, f"remedy: {remedy}"] if remedy else lines)
        return cls(cls._code, function, text)  # type: ignore[attr-defined]


class LibraryNotFoundError(_LoadError, OSError):
    """No usable CANN library was found; the message lists every path tried."""

    _code = 100025


class SymbolNotFoundError(_LoadError, LookupError):
    """No library has the function; the message lists every path tried and what was found there."""

    _code = 100024


_KINDS: dict[int, type[AclError]] = {
    **dict.fromkeys((9, 100036, 107019, 107020, 207020, 507046, 507047, 507905), AclTimeoutError),
    **dict.fromkeys((3, 24, 200000, 207001, 207018, 300000), AclMemoryError),
    **dict.fromkeys((5, 200001, 200006, 207000), AclNotSupportedError),
}


def from_status(code: int, function: str, message: str = "") -> AclError:
    """Return the exception that says what ``code`` means."""
    return _KINDS.get(code, AclError)(code, function, message)
