# SPDX-License-Identifier: Apache-2.0
"""What torch_npu warns of on every device and that no test is about."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    for message in (
        "Cannot create tensor with internal format",
        "torch_npu.npu_silu is deprecated",
    ):
        config.addinivalue_line("filterwarnings", f"ignore:{message}")
