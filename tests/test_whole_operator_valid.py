# SPDX-License-Identifier: Apache-2.0
"""Whole configurations, drawn over all features together: the operators against the reference.

Dispatch must be equal in all that means something, x bit for bit, rstd within 1e-6 relative, y
within one bfloat16 unit, and rows of inactive tokens as they were before the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole_case import cases
from whole_features import FEATURES
from whole_inputs import whole
from whole_ranks import check_whole

if TYPE_CHECKING:
    from conftest import MakeRanks

EXAMPLES_PER_FEATURE = 300
# Of the Ascend C kernel, with all checks; every one with --all-kernels.
CHECKED_EXAMPLES = 20


def check_examples(thread_ranks: MakeRanks, feature: str, count: int) -> None:
    @settings(
        deadline=None,
        derandomize=True,
        max_examples=count,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        check_whole(thread_ranks, whole(data.draw(cases(feature))))

    check()


@pytest.mark.parametrize("feature", list(FEATURES))
def test_operators_agree_with_the_reference(thread_ranks: MakeRanks, feature: str) -> None:
    check_examples(thread_ranks, feature, EXAMPLES_PER_FEATURE)


@pytest.mark.parametrize("feature", list(FEATURES))
def test_the_checked_ascend_c_kernel_agrees_with_the_reference(
    thread_ranks: MakeRanks, feature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACLNN_MOE_HOST_KERNEL", "ascend910_93")
    monkeypatch.setenv("ACLNN_MOE_HOST_KERNEL_CHECK", "1")
    check_examples(thread_ranks, feature, CHECKED_EXAMPLES)
