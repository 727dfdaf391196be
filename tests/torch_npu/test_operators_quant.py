# SPDX-License-Identifier: Apache-2.0
"""Quantisation around the experts, and their products, against formulas in torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import torch_npu
from comparing import assert_agree, name_of, values

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
LOW, HIGH = -128, 127


def quantised(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of int8, and their scales."""
    scale = x.float().abs().amax(-1) / HIGH
    return (x.float() / scale[..., None]).round().to(torch.int8), scale


@dtypes
@pytest.mark.parametrize("shape", [(6, 64), (2, 3, 5)], ids=str)
def test_dynamic_quant(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = values(dtype, shape, seed=1)
    assert_agree(torch_npu.npu_dynamic_quant(x.npu()), quantised(x))


@dtypes
def test_dynamic_quant_smooths(dtype: torch.dtype) -> None:
    x, smooth = values(dtype, (6, 64), seed=1), values(dtype, (64,), 0.5, 2, 2)
    got = torch_npu.npu_dynamic_quant(x.npu(), smooth_scales=smooth.npu())
    assert_agree(got, quantised(x.float() * smooth.float()))


def test_dynamic_quant_smooths_each_experts_rows() -> None:
    x, smooth = values(torch.float32, (6, 64), seed=1), values(torch.float32, (3, 64), 0.5, 2, 2)
    ends = torch.tensor([2, 2, 6], dtype=torch.int32)
    rows = smooth[torch.tensor([0, 0, 2, 2, 2, 2])]
    got = torch_npu.npu_dynamic_quant(x.npu(), smooth_scales=smooth.npu(), group_index=ends.npu())
    assert_agree(got, quantised(x * rows))


def test_dynamic_quant_leaves_zeros() -> None:
    y, scale = torch_npu.npu_dynamic_quant(torch.zeros(2, 8).npu())
    assert_agree(y, torch.zeros(2, 8, dtype=torch.int8))
    assert_agree(scale, torch.zeros(2))


def test_asymmetric_dynamic_quant_uses_the_whole_range() -> None:
    x = values(torch.float32, (6, 64), 0, 3, seed=1)
    scale = (x.amax(-1) - x.amin(-1)) / (HIGH - LOW)
    offset = HIGH - x.amax(-1) / scale
    y = (x / scale[:, None] + offset[:, None]).round().to(torch.int8)
    got = torch_npu.npu_dynamic_quant_asymmetric(x.npu())
    assert_agree(got, (y, scale, offset), rtol=1e-6)


def test_dynamic_quant_refuses_another_dtype_by_name() -> None:
    with pytest.raises(RuntimeError, match=r"dstType is .*: the host device does int8"):
        torch_npu.npu_dynamic_quant(torch.ones(2, 8).npu(), dst_type=torch.quint4x2)[0].cpu()


@dtypes
def test_quantize_divides_and_adds_a_zero_point(dtype: torch.dtype) -> None:
    x = values(dtype, (6, 8), -60, 60, seed=1)
    scales, points = values(dtype, (8,), 0.25, 1, 2), torch.arange(8.0).to(dtype)
    want = ((x.float() / scales.float()).round() + points.float()).clamp(LOW, HIGH)
    got = torch_npu.npu_quantize(x.npu(), scales.npu(), points.npu(), torch.qint8, -1, True)
    assert_agree(got, want.to(torch.int8))


@dtypes
def test_quantize_multiplies_without_division(dtype: torch.dtype) -> None:
    x = values(dtype, (6, 8), seed=1)
    scales, offsets = values(dtype, (8,), 1, 40, 2), torch.arange(8.0).to(dtype)
    want = (x.float() * scales.float() + offsets.float()).round().clamp(LOW, HIGH)
    got = torch_npu.npu_quantize(x.npu(), scales.npu(), offsets.npu(), torch.qint8, -1, False)
    assert_agree(got, want.to(torch.int8))


def test_anti_quant_restores() -> None:
    x = values(torch.int8, (6, 8), LOW, HIGH, 1)
    scale, offset = values(torch.float32, (8,), 0.5, 2, 2), values(torch.float32, (8,), seed=3)
    got = torch_npu.npu_anti_quant(
        x.npu(), scale.npu(), offset=offset.npu(), dst_dtype=torch.float16
    )
    assert_agree(got, ((x.float() + offset) * scale).half())


X = values(torch.int8, (20, 300), LOW, HIGH, 1)
WEIGHT = values(torch.int8, (300, 48), LOW, HIGH, 2)
SUMS = X.int() @ WEIGHT.int()
PER_TOKEN = values(torch.float32, (20,), 0.1, 1, 3)
PER_CHANNEL = values(torch.float32, (48,), 1e-4, 1e-3, 4)
WHOLE_BIAS = values(torch.int32, (48,), -999, 999, 5)
REAL_BIAS = values(torch.float32, (48,), seed=6)


def test_quant_matmul_scales_columns_and_rows() -> None:
    got = torch_npu.npu_quant_matmul(
        X.npu(),
        WEIGHT.npu(),
        PER_CHANNEL.npu(),
        pertoken_scale=PER_TOKEN.npu(),
        output_dtype=torch.float16,
    )
    assert_agree(got, (SUMS.float() * PER_CHANNEL * PER_TOKEN[:, None]).half())


def test_quant_matmul_takes_a_transposed_weight() -> None:
    weight = WEIGHT.t().contiguous().npu().t()
    got = torch_npu.npu_quant_matmul(
        X.npu(),
        weight,
        PER_CHANNEL.npu(),
        pertoken_scale=PER_TOKEN.npu(),
        output_dtype=torch.bfloat16,
    )
    assert_agree(got, (SUMS.float() * PER_CHANNEL * PER_TOKEN[:, None]).bfloat16())


def test_quant_matmul_adds_a_whole_bias_before_scaling() -> None:
    got = torch_npu.npu_quant_matmul(
        X.npu(),
        WEIGHT.npu(),
        PER_CHANNEL.npu(),
        pertoken_scale=PER_TOKEN.npu(),
        bias=WHOLE_BIAS.npu(),
        output_dtype=torch.float16,
    )
    assert_agree(got, ((SUMS + WHOLE_BIAS).float() * PER_CHANNEL * PER_TOKEN[:, None]).half())


def test_quant_matmul_adds_a_real_bias_after_scaling() -> None:
    got = torch_npu.npu_quant_matmul(
        X.npu(),
        WEIGHT.npu(),
        PER_CHANNEL.npu(),
        pertoken_scale=PER_TOKEN.npu(),
        bias=REAL_BIAS.npu(),
        output_dtype=torch.bfloat16,
    )
    want = SUMS.float() * PER_CHANNEL * PER_TOKEN[:, None] + REAL_BIAS
    assert_agree(got, want.bfloat16())


@pytest.mark.parametrize("dtype", [torch.int8, torch.float16, torch.bfloat16], ids=name_of)
def test_quant_matmul_with_one_scale_for_all(dtype: torch.dtype) -> None:
    scale = torch.tensor([1e-4])
    got = torch_npu.npu_quant_matmul(X.npu(), WEIGHT.npu(), scale.npu(), output_dtype=dtype)
    want = SUMS.float() * scale
    assert_agree(
        got, want.round().clamp(LOW, HIGH).to(dtype) if dtype == torch.int8 else want.to(dtype)
    )


def test_sums_of_many_int8_products_are_exact() -> None:
    x = torch.full((2, 5000), -128, dtype=torch.int8)
    scale = torch.ones(1, dtype=torch.bfloat16)
    got = torch_npu.npu_quant_matmul(x.npu(), x.t().npu(), scale.npu(), output_dtype=torch.int32)
    assert got.cpu().tolist() == [[5000 * 128 * 128] * 2] * 2


@pytest.mark.parametrize("activate_left", [True, False])
def test_dequant_swiglu_quant(activate_left: bool) -> None:
    x = values(torch.int32, (6, 64), -3000, 3000, 1)
    weight_scale = values(torch.float32, (2, 64), 1e-4, 1e-3, 2)
    token_scale = values(torch.float32, (6,), 0.5, 1, 3)
    smooth = values(torch.float32, (2, 32), 0.5, 2, 4)
    counts = torch.tensor([2, 3])
    group = torch.tensor([0, 0, 1, 1, 1])
    wide = x[:5].float() * weight_scale[group] * token_scale[:5, None]
    gate, linear = wide.chunk(2, -1) if activate_left else reversed(wide.chunk(2, -1))
    want = quantised(F.silu(gate) * linear * smooth[group])
    y, scale = torch_npu.npu_dequant_swiglu_quant(
        x.npu(),
        weight_scale=weight_scale.npu(),
        activation_scale=token_scale.npu(),
        quant_scale=smooth.npu(),
        group_index=counts.npu(),
        activate_left=activate_left,
        quant_mode=1,
    )
    # The row behind the groups is of no expert, and not written.
    assert_agree(scale[:5], want[1], rtol=1e-5)
    assert (y[:5].cpu().int() - want[0].int()).abs().max() <= 1


def test_swiglu_quant_of_floating_rows() -> None:
    x = values(torch.bfloat16, (6, 64), seed=1)
    gate, linear = x.float().chunk(2, -1)
    want = quantised(F.silu(gate) * linear)
    y, scale = torch_npu.npu_swiglu_quant(x.npu(), activate_left=True, quant_mode=1)
    assert_agree(scale, want[1], rtol=1e-5)
    assert (y.cpu().int() - want[0].int()).abs().max() <= 1
