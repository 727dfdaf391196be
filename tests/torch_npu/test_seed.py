# SPDX-License-Identifier: Apache-2.0
"""The sample of the document that the project started from runs as it is: 16 ranks of torch_npu.

On both kernels of combine: the one for the CPU, and the NPU's own in Ascend C.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from npu_process import run_file

CHECKED = Path(__file__).parent / "seed_program.py"
SAMPLE = Path(__file__).resolve().parents[2].parent / "shared" / "seed" / "single_op_mode.py"
KERNELS = pytest.mark.parametrize("kernel", ["host_cpu", "ascend910_93"])


@KERNELS
@pytest.mark.skipif(not SAMPLE.exists(), reason=f"{SAMPLE} is not there")
def test_every_rank_of_the_single_op_sample_finishes(kernel: str) -> None:
    ran = run_file(SAMPLE, ACLNN_MOE_HOST_KERNEL=kernel)
    # It says that it succeeded even when its ranks died; only their own lines count.
    finished = re.findall(r"rank (\d+) epid \1 tpid 0 npu finished!", ran.stdout)
    assert sorted(map(int, finished)) == list(range(16)), ran.stdout + ran.stderr
    assert ran.returncode == 0


@KERNELS
def test_the_samples_calls_agree_with_the_reference(kernel: str) -> None:
    ran = run_file(CHECKED, ACLNN_MOE_HOST_KERNEL=kernel)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    agreed = re.findall(r"rank (\d+): \d+ rows, Agreement\(x_differing=0, ", ran.stdout)
    assert sorted(map(int, agreed)) == list(range(16)), ran.stdout
