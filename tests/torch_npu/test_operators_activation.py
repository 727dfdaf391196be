# SPDX-License-Identifier: Apache-2.0
"""Activations and gated units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch_npu
from comparing import (
    FLOATING,
    ULP,
    assert_agree,
    assert_same,
    edges,
    layouts,
    name_of,
    to_npu,
    values,
)

Function = Callable[..., Any]

ACTIVATIONS: dict[str, Function] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "prelu": lambda x: F.prelu(x, torch.tensor([0.25], dtype=x.dtype, device=x.device)),
    "gelu": F.gelu,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 2),
    "softplus": lambda x: F.softplus(x, 1.5, 3),
    "mish": F.mish,
    "elu": lambda x: F.elu(x, 0.7),
    "celu": lambda x: F.celu(x, 0.7),
    "selu": F.selu,
    "logsigmoid": F.logsigmoid,
    "threshold": lambda x: F.threshold(x, 0.5, -7),
    "softshrink": lambda x: F.softshrink(x, 0.5),
    "hardshrink": lambda x: F.hardshrink(x, 0.5),
}
IN_PLACE: dict[str, Function] = {
    "relu": torch.relu_,
    "silu": lambda x: F.silu(x, inplace=True),
    "mish": lambda x: F.mish(x, inplace=True),
    "elu": F.elu_,
    "leaky_relu": F.leaky_relu_,
    "hardswish": lambda x: F.hardswish(x, inplace=True),
    "hardsigmoid": lambda x: F.hardsigmoid(x, inplace=True),
    "hardtanh": F.hardtanh_,
    "threshold": lambda x: F.threshold_(x, 0.5, -7),
    "sigmoid": torch.sigmoid_,
}
floating = pytest.mark.parametrize("dtype", FLOATING, ids=name_of)


@floating
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_in_every_layout(name: str, dtype: torch.dtype) -> None:
    for tensor in layouts(dtype).values():
        assert_same(ACTIVATIONS[name], tensor, rtol=ULP[dtype], atol=ULP[dtype])


# torch's code of these gives another value than the formula at infinity or NaN.
@floating
@pytest.mark.parametrize(
    "name", sorted(ACTIVATIONS.keys() - {"gelu", "silu", "mish", "hardswish", "hardshrink"})
)
def test_activation_at_the_edges(name: str, dtype: torch.dtype) -> None:
    assert_same(ACTIVATIONS[name], edges(dtype), rtol=ULP[dtype], atol=ULP[dtype])


@floating
@pytest.mark.parametrize("name", IN_PLACE)
def test_activation_in_place_writes_its_elements_and_no_others(
    name: str, dtype: torch.dtype
) -> None:
    whole = values(dtype, (4, 6))
    assert_same(IN_PLACE[name], whole[1:3, ::2], writes=True, rtol=ULP[dtype], atol=ULP[dtype])


@floating
def test_prelu_has_a_weight_for_each_channel(dtype: torch.dtype) -> None:
    for shape in ((5, 3), (2, 3, 4, 5)):
        assert_same(F.prelu, values(dtype, shape), values(dtype, (3,), 0, 1), rtol=ULP[dtype])


@floating
@pytest.mark.parametrize("dim", [-1, 0, 1])
def test_glu_takes_halves_along_any_dimension(dim: int, dtype: torch.dtype) -> None:
    assert_same(lambda x: F.glu(x, dim), values(dtype, (4, 6, 8)), rtol=ULP[dtype], atol=ULP[dtype])
    tensor = values(dtype, (8, 6, 4)).transpose(0, 2)
    assert_same(lambda x: F.glu(x, dim), tensor, rtol=ULP[dtype], atol=ULP[dtype])


@floating
@pytest.mark.parametrize("dim", [-1, 0, 1])
def test_swiglu_is_silu_of_one_half_by_the_other(dim: int, dtype: torch.dtype) -> None:
    for tensor in (values(dtype, (4, 6, 8)), values(dtype, (8, 6, 4)).transpose(0, 2)):
        left, right = tensor.double().chunk(2, dim)
        got = torch_npu.npu_swiglu(to_npu(tensor), dim)
        assert_agree(got, (F.silu(left) * right).to(dtype), rtol=ULP[dtype], atol=ULP[dtype])


@floating
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_npu_gelu_takes_both_formulas(approximate: str, dtype: torch.dtype) -> None:
    tensor = values(dtype, (70,))
    got = torch_npu.npu_gelu(tensor.npu(), approximate=approximate)
    assert_agree(got, F.gelu(tensor, approximate=approximate), rtol=ULP[dtype], atol=ULP[dtype])


@floating
def test_fast_gelu(dtype: torch.dtype) -> None:
    tensor = values(dtype, (70,))
    want = (tensor.double() * torch.sigmoid(1.702 * tensor.double())).to(dtype)
    assert_agree(torch_npu.fast_gelu(tensor.npu()), want, rtol=ULP[dtype], atol=ULP[dtype])


def test_geglu_gives_the_gelu_too() -> None:
    tensor = values(torch.float32, (4, 8))
    left, right = tensor.chunk(2, -1)
    gelu = F.gelu(right, approximate="tanh")
    got = torch_npu.npu_geglu(tensor.npu())
    assert_agree(got, (left * gelu, gelu), rtol=2.0**-20, atol=2.0**-20)


def test_swiglu_of_an_odd_dimension_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"even|divisible|shape"):
        torch_npu.npu_swiglu(torch.ones(2, 3).npu()).cpu()
