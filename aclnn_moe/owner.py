# SPDX-License-Identifier: Apache-2.0
"""What owns something of the device: it has close(), and `with` calls it."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

Self = TypeVar("Self", bound="Owner")


class Owner:
    """Closed at the end of a `with` block."""

    __slots__ = ()

    def close(self) -> None:
        """Let go of it; a second call does nothing."""
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
