# SPDX-License-Identifier: Apache-2.0
"""Tests on the real torch_npu; run with ``aclnn-moe run -- pytest tests/torch_npu``.

Without torch_npu every module is skipped. With it, but without the libraries that it links, every
module fails: an environment that was made for these tests must not pass by skipping them.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import warnings
from pathlib import Path

import pytest

# For every device that a process has used, torch_npu has a thread that looks for work each 50
# microseconds, and with 16 devices they take a core from the tests. So much later, in nanoseconds,
# Linux may wake threads and processes that are started from here.
PR_SET_TIMERSLACK = 29
SLACK_NS = 1_000_000


@functools.cache
def why_not() -> tuple[bool, str]:
    """Tell whether torch_npu is installed, and why it cannot be used, if so."""
    spec = importlib.util.find_spec("torch_npu")
    # This folder has its name, so Python takes it for a package without a file.
    if spec is None or spec.origin is None:
        return False, "torch_npu is not installed here"
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(SLACK_NS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("torch_npu")
    except (ImportError, RuntimeError, OSError) as error:
        return True, (
            f"torch_npu is installed, but does not start: {error}\n"
            "Run the tests with `aclnn-moe run -- pytest tests/torch_npu`"
        )
    return True, ""


class Unusable(pytest.Module):
    """A module of these tests that is not imported."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        installed, reason = why_not()
        if installed:
            raise self.CollectError(reason)
        pytest.skip(reason, allow_module_level=True)


def pytest_configure(config: pytest.Config) -> None:
    """Let pass what torch_npu warns of on every device and that no test is about."""
    for message in (
        "Cannot create tensor with internal format",
        "torch_npu.npu_silu is deprecated",
    ):
        config.addinivalue_line("filterwarnings", f"ignore:{message}")


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Take the place of every module here that cannot run."""
    _, reason = why_not()
    return Unusable.from_parent(parent, path=module_path) if reason else None
