# SPDX-License-Identifier: Apache-2.0
"""Casts to formats, as programs for NPUs call them on weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
import torch_npu
from comparing import assert_agree, name_of, values

ND, NCHW, NZ = 2, 0, 29
PRIVATE = """
import torch, torch_npu
torch.npu.config.allow_internal_format = True
torch_npu.npu_format_cast(torch.ones(32, 32).npu(), 29)
"""


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8], ids=name_of)
@pytest.mark.parametrize("form", ["whole", "transposed", "sliced"])
def test_cast_of_a_weight_keeps_it(form: str, dtype: torch.dtype) -> None:
    view: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "whole": lambda weight: weight,
        "transposed": lambda weight: weight.transpose(1, 2),
        "sliced": lambda weight: weight[1:3],
    }
    base = values(dtype, (4, 64, 32))
    weight, given = view[form](base), view[form](base.npu())
    for target in (NZ, ND):
        got = torch_npu.npu_format_cast(given, target)
        assert_agree(got, weight)
        assert torch_npu.get_npu_format(got) == ND
        assert_agree(got + 1, weight + 1)


def test_cast_is_a_copy_in_stream_order() -> None:
    weight = values(torch.float32, (256, 256))
    given = weight.npu()
    got = torch_npu.npu_format_cast(given, NZ)
    given.zero_()
    assert_agree(got, weight)


def test_cast_in_place_and_of_four_dimensions() -> None:
    weight = values(torch.bfloat16, (64, 32))
    assert_agree(torch_npu.npu_format_cast_(weight.npu(), NZ), weight)
    image = values(torch.float32, (2, 3, 4, 5))
    for target in (NCHW, ND):
        assert_agree(torch_npu.npu_format_cast(image.npu(), target), image)


def test_private_format_is_refused_by_number() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRIVATE],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode != 0
    assert "operator 'Identity': the output's format is 29" in done.stderr
    assert "leave torch.npu.config.allow_internal_format at False" in done.stderr
