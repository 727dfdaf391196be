# SPDX-License-Identifier: Apache-2.0
"""Attention: torch's scaled_dot_product_attention and torch_npu's fused one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import torch_npu
from comparing import assert_agree, assert_same, name_of, values

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
# torch rounds scores and weights to the dtype, the host device does not.
TOLERANCE = {
    torch.float32: {"rtol": 1e-5, "atol": 1e-5},
    torch.float16: {"rtol": 2.0**-8, "atol": 2.0**-8},
    torch.bfloat16: {"rtol": 2.0**-5, "atol": 2.0**-5},
}
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
HEADS = 4
SCALE = 0.25  # of heads of 16 elements


def operands(dtype: torch.dtype, kv_heads: int = HEADS) -> tuple[torch.Tensor, ...]:
    """Query of 70 rows, more than one block; key and value of 90."""
    query = values(dtype, (2, HEADS, 70, 16), -1, 1, 1)
    return (query, *(values(dtype, (2, kv_heads, 90, 16), -1, 1, seed) for seed in (2, 3)))


@dtypes
def test_scaled_dot_product_attention(dtype: torch.dtype) -> None:
    assert_same(F.scaled_dot_product_attention, *operands(dtype), **TOLERANCE[dtype])


def in_layout(x: torch.Tensor, layout: str) -> torch.Tensor:
    order = {"BNSD": (0, 1, 2, 3), "BSND": (0, 2, 1, 3), "BSH": (0, 2, 1, 3), "SBH": (2, 0, 1, 3)}
    moved = x.permute(order[layout])
    return moved.flatten(2).contiguous() if layout in ("BSH", "SBH") else moved.contiguous()


@dtypes
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("layout", ["BNSD", "BSND", "BSH", "SBH"])
def test_fusion_attention_of_every_layout(layout: str, kv_heads: int, dtype: torch.dtype) -> None:
    query, key, value = operands(dtype, kv_heads)
    want = F.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    given = [in_layout(x, layout).npu() for x in (query, key, value)]
    got = torch_npu.npu_fusion_attention(*given, HEADS, layout, scale=SCALE)
    assert_agree(got[0], in_layout(want, layout), **TOLERANCE[dtype])


def test_fusion_attention_gives_the_softmax_of_its_rows() -> None:
    query, key, value = operands(torch.float32)
    given = [x.npu() for x in (query, key, value)]
    got = torch_npu.npu_fusion_attention(*given, HEADS, "BNSD", scale=SCALE)
    scores = query @ key.transpose(-1, -2) * SCALE
    greatest = scores.amax(-1, keepdim=True)
    assert_agree(got[1], greatest.expand(-1, -1, -1, 8), rtol=1e-5, atol=1e-5)
    total = (scores - greatest).exp().sum(-1, keepdim=True)
    assert_agree(got[2], total.expand(-1, -1, -1, 8), rtol=1e-5, atol=1e-5)


@dtypes
@pytest.mark.parametrize("shape", [(70, 90), (2, 1, 70, 90), (2, 4, 70, 90)], ids=str)
def test_fusion_attention_leaves_out_what_is_masked(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    query, key, value = operands(dtype)
    mask = values(torch.bool, shape, seed=5)
    mask[..., 0] = False  # every row may look at something
    want = F.scaled_dot_product_attention(query, key, value, attn_mask=~mask)
    given = [x.npu() for x in (query, key, value)]
    got = torch_npu.npu_fusion_attention(*given, HEADS, "BNSD", scale=SCALE, atten_mask=mask.npu())
    assert_agree(got[0], want, **TOLERANCE[dtype])


@dtypes
def test_causal_attention(dtype: torch.dtype) -> None:
    query, key, value = operands(dtype)
    triangle = torch.ones(2048, 2048).triu(1).bool().npu()
    given = [x.npu() for x in (query, key, value)]
    options = {"scale": SCALE, "atten_mask": triangle, "next_tockens": 0}
    left = torch_npu.npu_fusion_attention(*given, HEADS, "BNSD", sparse_mode=2, **options)
    want = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    assert_agree(left[0], want, **TOLERANCE[dtype])
    right = torch_npu.npu_fusion_attention(*given, HEADS, "BNSD", sparse_mode=3, **options)
    mask = torch.ones(70, 90).tril(20).bool()
    want = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    assert_agree(right[0], want, **TOLERANCE[dtype])


def test_attention_refuses_a_band_by_name() -> None:
    given = [x.npu() for x in operands(torch.float32)]
    with pytest.raises(RuntimeError, match="sparseMode is 4: want 0 to 3"):
        torch_npu.npu_fusion_attention(
            *given,
            HEADS,
            "BNSD",
            scale=SCALE,
            sparse_mode=4,
            atten_mask=torch.ones(2048, 2048).triu(1).bool().npu(),
        )[0].cpu()
