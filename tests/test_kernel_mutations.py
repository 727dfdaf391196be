# SPDX-License-Identifier: Apache-2.0
"""The Ascend C kernel alone, on small layers of every kind, and with bugs put into it on purpose.

The kernel must pass with all checks and find nothing; every bug must be found. A few bugs by
default, all with ``--all-mutations``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "kernel"))
from mutation import Mutation
from mutations import MUTATIONS, Toolchain, finding, kind, table

FOLDER_VARIABLE = "ACLNN_MOE_NATIVE_TESTS"
TIMEOUT_SECONDS = 300
FEW = 2  # every second
DOCUMENT = Path(__file__).parent.parent / "docs" / "kernel.md"


@pytest.fixture(scope="module")
def build() -> Path:
    """Give the build folder of the native tests."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        pytest.skip(f"{FOLDER_VARIABLE} is not set: no native tests were built")
    return Path(folder).parent


@pytest.mark.parametrize("options", [[], ["--plain"]], ids=["checked", "plain"])
def test_checks_find_nothing_in_the_kernel(build: Path, options: list[str]) -> None:
    run = subprocess.run(
        [build / "tests_kernel" / "kernel_driver", *options],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "widest: nothing found" in run.stdout


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_bug_in_the_kernel_is_found(
    build: Path, mutation: Mutation, request: pytest.FixtureRequest
) -> None:
    few = MUTATIONS.index(mutation) % FEW == 0
    if not few and not request.config.getoption("--all-mutations"):
        pytest.skip("one of many: all of them with --all-mutations")
    found = finding(Toolchain.of(build), mutation)
    assert found, "nothing"
    # Which of two ranks in a race is told of it first depends on their threads.
    if "ranks" not in mutation.found:
        assert kind(found) in mutation.found.split(" or "), found


def test_names_of_bugs_differ() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 25


def test_the_document_has_the_table_of_bugs() -> None:
    assert "\n".join(table()) in DOCUMENT.read_text()
