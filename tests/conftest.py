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

# The kernels of the host device, and the modules whose tests run on both of them: a few by default,
# as the second takes longer, the rest with --all-kernels.
KERNEL_VARIABLE = "ACLNN_MOE_HOST_KERNEL"
KERNELS = ("host_cpu", "ascend910_93")
BOTH_KERNELS = ("test_operators_numpy", "test_operators_whole")
ALL_KERNELS = (
    "test_lent_memory",
    "test_operator_values",
    "test_operators_libraries",
    "test_operators_torch",
    "test_scale",
    "test_whole_operator_refused",
    "test_whole_operator_valid",
)

# Groups are kept while the test module runs; each holds streams and shared memory.
MakeRanks = Callable[..., "ThreadRanks"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Leave the project's folder: children started there would import the sources, uncompiled."""
    # Workers of pytest-xdist start where the process that has them is, and the paths of the command
    # line are those of there; each then leaves.
    if not session.config.getoption("numprocesses", None):
        os.chdir(Path(__file__).parent)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-kernels",
        action="store_true",
        help="run every test of the operator on each kernel of the host device",
    )
    parser.addoption(
        "--all-mutations", action="store_true", help="put every bug into the kernel, not a few"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some modules once per kernel."""
    both = BOTH_KERNELS
    if metafunc.config.getoption("--all-kernels"):
        both += ALL_KERNELS
    if metafunc.module.__name__ in both:
        metafunc.fixturenames.append("kernel")
        metafunc.parametrize("kernel", KERNELS, indirect=True, scope="module")


@pytest.fixture(scope="module")
def kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the host device run the kernel of that name; child processes too."""
    before = os.environ.get(KERNEL_VARIABLE)
    os.environ[KERNEL_VARIABLE] = request.param
    yield request.param
    if before is None:
        del os.environ[KERNEL_VARIABLE]
    else:
        os.environ[KERNEL_VARIABLE] = before


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
