# SPDX-License-Identifier: Apache-2.0
"""Norms over rows and groups, and rotary embedding, against their formulas."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import torch_npu
from comparing import assert_agree, assert_same, name_of, values

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
# Another order of summation; then one rounding.
TOLERANCE = {
    torch.float32: {"rtol": 1e-5, "atol": 1e-5},
    torch.float16: {"rtol": 2.0**-10, "atol": 2.0**-10},
    torch.bfloat16: {"rtol": 2.0**-7, "atol": 2.0**-7},
}
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
EPSILON = 1e-6


def rms_norm(x: torch.Tensor, gamma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    dims = tuple(range(-gamma.dim(), 0))
    rstd = torch.rsqrt(x.float().pow(2).mean(dims, keepdim=True) + EPSILON)
    return (x.float() * rstd * gamma.float()).to(x.dtype), rstd


@dtypes
@pytest.mark.parametrize("shape", [(3, 64), (2, 3, 7), (5, 1), (0, 8)], ids=str)
def test_rms_norm(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x, gamma = values(dtype, shape, seed=1), values(dtype, shape[-1:], seed=2)
    y, rstd = rms_norm(x, gamma)
    got = torch_npu.npu_rms_norm(x.npu(), gamma.npu(), EPSILON)
    assert_agree(got[0], y, **TOLERANCE[dtype])
    assert_agree(got[1], rstd, rtol=1e-5)


@dtypes
def test_rms_norm_over_two_dimensions_of_a_view(dtype: torch.dtype) -> None:
    x = values(dtype, (4, 6, 5), seed=1).transpose(0, 2)
    gamma = values(dtype, (6, 4), seed=2)
    y, rstd = rms_norm(x, gamma)
    got = torch_npu.npu_rms_norm(x.npu(), gamma.npu(), EPSILON)
    assert_agree(got[0], y, **TOLERANCE[dtype])
    assert_agree(got[1], rstd, rtol=1e-5)


@dtypes
def test_add_rms_norm_normalises_the_rounded_sum(dtype: torch.dtype) -> None:
    x1, x2 = values(dtype, (3, 5, 64), seed=1), values(dtype, (3, 5, 64), seed=2)
    gamma = values(dtype, (64,), seed=3)
    y, rstd = rms_norm(x1 + x2, gamma)
    got = torch_npu.npu_add_rms_norm(x1.npu(), x2.npu(), gamma.npu(), EPSILON)
    assert_agree(got[0], y, **TOLERANCE[dtype])
    assert_agree(got[1], rstd, rtol=1e-5)
    assert_agree(got[2], x1 + x2)


@dtypes
def test_add_rms_norm_cast_gives_float32_too(dtype: torch.dtype) -> None:
    x1, x2 = values(dtype, (3, 64), seed=1), values(dtype, (3, 64), seed=2)
    gamma = values(dtype, (64,), seed=3)
    got = torch_npu.npu_add_rms_norm_cast(x1.npu(), x2.npu(), gamma.npu(), EPSILON)
    wide = rms_norm((x1 + x2).float(), gamma)[0]
    assert_agree(got[0], wide, rtol=1e-5, atol=1e-5)
    assert_agree(got[1], wide.to(dtype), **TOLERANCE[dtype])
    assert_agree(got[3], x1 + x2)


@dtypes
def test_add_rms_norm_in_place(dtype: torch.dtype) -> None:
    x1, x2 = values(dtype, (3, 64), seed=1), values(dtype, (3, 64), seed=2)
    gamma = values(dtype, (64,), seed=3)
    first, second = x1.npu(), x2.npu()
    torch_npu.npu_add_rms_norm_v2(first, second, gamma.npu(), EPSILON)
    assert_agree(first, rms_norm(x1 + x2, gamma)[0], **TOLERANCE[dtype])
    assert_agree(second, x1 + x2)


@dtypes
def test_gemma_rms_norm_adds_one_to_gamma(dtype: torch.dtype) -> None:
    x, gamma = values(dtype, (3, 64), seed=1), values(dtype, (64,), seed=2)
    got = torch_npu.npu_gemma_rms_norm(x.npu(), gamma.npu(), EPSILON)
    assert_agree(got[0], rms_norm(x, gamma.float() + 1)[0], **TOLERANCE[dtype])


def test_rms_norm_refuses_a_gamma_of_another_length() -> None:
    with pytest.raises(RuntimeError, match=r"gamma has shape \(7,\): want the last dimensions"):
        torch_npu.npu_rms_norm(torch.ones(2, 8).npu(), torch.ones(7).npu(), EPSILON)[0].cpu()


@dtypes
@pytest.mark.parametrize("affine", ["weight_and_bias", "weight", "plain"])
def test_layer_norm(affine: str, dtype: torch.dtype) -> None:
    x = values(dtype, (3, 4, 5), seed=1)
    weight = None if affine == "plain" else values(dtype, (4, 5), seed=2)
    bias = values(dtype, (4, 5), seed=3) if affine == "weight_and_bias" else None
    assert_same(F.layer_norm, x, (4, 5), weight, bias, **TOLERANCE[dtype])
    assert_same(F.layer_norm, x.transpose(0, 1), (3, 5), **TOLERANCE[dtype])
    assert_same(F.layer_norm, x[:0], (5,), **TOLERANCE[dtype])


@dtypes
def test_group_norm(dtype: torch.dtype) -> None:
    x = values(dtype, (2, 6, 3, 5), seed=1)
    weight, bias = values(dtype, (6,), seed=2), values(dtype, (6,), seed=3)
    for groups in (1, 2, 6):
        assert_same(F.group_norm, x, groups, weight, bias, **TOLERANCE[dtype])
        assert_same(F.group_norm, x, groups, **TOLERANCE[dtype])


def rotated(x: torch.Tensor, mode: str) -> torch.Tensor:
    if mode == "interleave":
        return torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)
    halves = x.chunk(2, -1)
    return torch.cat((-halves[1], halves[0]), -1)


@dtypes
@pytest.mark.parametrize("mode", ["half", "interleave"])
def test_rotary_mul(mode: str, dtype: torch.dtype) -> None:
    x = values(dtype, (2, 3, 4, 32), seed=1)
    cos, sin = values(dtype, (1, 3, 1, 32), -1, 1, 2), values(dtype, (1, 3, 1, 32), -1, 1, 3)
    want = x.float() * cos.float() + rotated(x, mode).float() * sin.float()
    got = torch_npu.npu_rotary_mul(x.npu(), cos.npu(), sin.npu(), mode)
    assert_agree(got, want.to(dtype), **TOLERANCE[dtype])


@dtypes
@pytest.mark.parametrize("mode", ["half", "interleave", "quarter"])
def test_apply_rotary_pos_emb_writes_query_and_key(mode: str, dtype: torch.dtype) -> None:
    query, key = values(dtype, (2, 3, 4, 32), seed=1), values(dtype, (2, 3, 1, 32), seed=4)
    cos, sin = values(dtype, (2, 3, 1, 32), -1, 1, 2), values(dtype, (2, 3, 1, 32), -1, 1, 3)
    q, k = query.npu(), key.npu()
    torch_npu.npu_apply_rotary_pos_emb(q, k, cos.npu(), sin.npu(), "BSND", mode)
    for got, x in ((q, query), (k, key)):
        if mode == "quarter":
            turned = torch.cat([rotated(half, "half") for half in x.chunk(2, -1)], -1)
        else:
            turned = rotated(x, mode)
        want = x.float() * cos.float() + turned.float() * sin.float()
        assert_agree(got, want.to(dtype), **TOLERANCE[dtype])
