# SPDX-License-Identifier: Apache-2.0
"""What users do first with an NPU tensor: print it and compare it."""

from __future__ import annotations

import re

import pytest
import torch
from comparing import DTYPES, edges, layouts, name_of, values

every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)


@every_dtype
def test_an_npu_tensor_prints_as_on_the_cpu_but_for_its_device(dtype: torch.dtype) -> None:
    for tensor in [*layouts(dtype).values(), edges(dtype), values(dtype, ())]:
        printed = re.sub(r",\s+device='npu:0'", "", str(tensor.npu()))
        assert printed.split() == str(tensor).split()
        assert "device='npu:0'" in repr(tensor.npu())


@every_dtype
def test_assert_close_compares_npu_tensors(dtype: torch.dtype) -> None:
    tensor = values(dtype, (40,)).npu()
    torch.testing.assert_close(tensor, tensor.clone())
    with pytest.raises(AssertionError, match=r"Mismatched elements|not close|not equal"):
        torch.testing.assert_close(tensor, ~tensor if dtype == torch.bool else tensor + 1)
