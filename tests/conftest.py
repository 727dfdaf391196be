# SPDX-License-Identifier: Apache-2.0
"""Fixtures shared by the tests of several modules."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from thread_ranks import ThreadRanks

# Groups are kept while the test module runs; each holds streams and shared memory.
MakeRanks = Callable[..., "ThreadRanks"]


def pytest_sessionstart() -> None:
    """Leave the project's folder: children started there would import the sources, uncompiled."""
    os.chdir(Path(__file__).parent)


@pytest.fixture(scope="module")
def thread_ranks() -> Iterator[MakeRanks]:
    """Give ``make(size, buffer_mb=None)``: a group of threads as ranks, one per kind and module."""
    from thread_ranks import ThreadRanks

    kept: dict[tuple[int, int | None], ThreadRanks] = {}

    def make(size: int, buffer_mb: int | None = None) -> ThreadRanks:
        if (size, buffer_mb) not in kept:
            kept[size, buffer_mb] = ThreadRanks(size, buffer_mb)
        return kept[size, buffer_mb]

    yield make
    for ranks in kept.values():
        ranks.close()
