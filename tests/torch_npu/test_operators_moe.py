# SPDX-License-Identifier: Apache-2.0
"""What surrounds the experts: the choice of them, the order of the rows, their products."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch_npu
from comparing import assert_agree, name_of, values

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
TOLERANCE = {
    torch.float32: {"rtol": 1e-5, "atol": 1e-4},
    torch.float16: {"rtol": 2.0**-9, "atol": 2.0**-9},
    torch.bfloat16: {"rtol": 2.0**-7, "atol": 2.0**-7},
}
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=name_of)
EXPERTS, TOKENS, K, H, N = 8, 20, 3, 16, 24


def choices(seed: int = 0) -> torch.Tensor:
    """K different experts for each token; expert 5 is chosen by none."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(TOKENS, EXPERTS, generator=generator)
    scores[:, 5] = -1
    return scores.topk(K)[1].int()


def grouped(x: torch.Tensor, weight: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    ends = [0, *counts.cumsum(0).tolist()]
    parts = [x[a:b].float() @ w.float() for (a, b), w in zip(pairwise(ends), weight, strict=True)]
    return torch.cat(parts)


COUNTS = torch.tensor([5, 0, 9, 6])


@dtypes
@pytest.mark.parametrize("list_type", [0, 1], ids=["sums", "counts"])
@pytest.mark.parametrize("form", ["one", "transposed", "several"])
def test_grouped_matmul(form: str, list_type: int, dtype: torch.dtype) -> None:
    x, weight = values(dtype, (20, H), seed=1), values(dtype, (4, H, N), seed=2)
    bias = values(torch.float32, (4, N), seed=3)
    groups = COUNTS if list_type else COUNTS.cumsum(0)
    given, biases = [weight.npu()], [bias.npu()]
    if form == "transposed":
        given = [weight.transpose(1, 2).contiguous().npu().transpose(1, 2)]
    elif form == "several":
        given = [one.npu() for one in weight]
        biases = [one.npu() for one in bias]
    want = grouped(x, weight, COUNTS)
    options = {
        "group_list": groups.npu(),
        "split_item": 2,
        "group_type": 0,
        "group_list_type": list_type,
    }
    got = torch_npu.npu_grouped_matmul([x.npu()], given, **options)
    assert_agree(got, [want.to(dtype)], **TOLERANCE[dtype])
    got = torch_npu.npu_grouped_matmul([x.npu()], given, bias=biases, **options)
    rows = bias.repeat_interleave(COUNTS, 0)
    assert_agree(got, [(want + rows).to(dtype)], **TOLERANCE[dtype])


@dtypes
def test_grouped_matmul_of_several_x_and_several_results(dtype: torch.dtype) -> None:
    x = [values(dtype, (rows, H), seed=rows) for rows in (3, 0, 5)]
    weight = [values(dtype, (H, N), seed=seed) for seed in (1, 2, 3)]
    want = [(a.float() @ b.float()).to(dtype) for a, b in zip(x, weight, strict=True)]
    given = ([one.npu() for one in x], [one.npu() for one in weight])
    got = torch_npu.npu_grouped_matmul(*given, split_item=0, group_type=-1)
    assert_agree(got, want, **TOLERANCE[dtype])
    got = torch_npu.npu_grouped_matmul(*given, split_item=2, group_type=-1)
    assert_agree(got, [torch.cat(want)], **TOLERANCE[dtype])


@dtypes
def test_grouped_matmul_over_groups_of_what_is_summed(dtype: torch.dtype) -> None:
    x, weight = values(dtype, (20, H), seed=1), values(dtype, (20, N), seed=2)
    ends = [0, *COUNTS.cumsum(0).tolist()]
    want = torch.stack([x[a:b].float().t() @ weight[a:b].float() for a, b in pairwise(ends)])
    got = torch_npu.npu_grouped_matmul(
        [x.npu().t()],
        [weight.npu()],
        group_list=COUNTS.cumsum(0).npu(),
        split_item=3,
        group_type=2,
        group_list_type=0,
    )
    assert_agree(got, [want.to(dtype)], **TOLERANCE[dtype])


@pytest.mark.parametrize("scale_dtype", [torch.bfloat16, torch.float32], ids=name_of)
def test_grouped_matmul_of_int8(scale_dtype: torch.dtype) -> None:
    x, weight = values(torch.int8, (20, 300), -128, 128, 1), values(torch.int8, (4, 300, N), -128)
    scale = values(scale_dtype, (4, N), 1e-4, 1e-3, 2)
    per_token = values(torch.float32, (20,), 0.1, 1, 3)
    sums = grouped(x.double(), weight.double(), COUNTS)
    ends = [0, *COUNTS.cumsum(0).tolist()]
    parts = [x[a:b].int() @ w.int() for (a, b), w in zip(pairwise(ends), weight, strict=True)]
    sums = torch.cat(parts).float()
    want = sums * scale.float().repeat_interleave(COUNTS, 0) * per_token[:, None]
    got = torch_npu.npu_grouped_matmul(
        [x.npu()],
        [weight.npu()],
        scale=[scale.npu()],
        per_token_scale=[per_token.npu()],
        group_list=COUNTS.npu(),
        split_item=2,
        group_type=0,
        group_list_type=1,
        output_dtype=torch.bfloat16,
    )
    assert_agree(got, [want.bfloat16()])


@dtypes
@pytest.mark.parametrize("shape", [(TOKENS, EXPERTS), (2, 5, EXPERTS)], ids=str)
def test_gating_top_k_softmax(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = values(dtype, shape, seed=1)
    y, experts, rows = torch_npu.npu_moe_gating_top_k_softmax(x.npu(), None, K)
    want, chosen = x.float().softmax(-1).topk(K)
    assert_agree(y, want.to(dtype), **TOLERANCE[dtype])
    # Equal weights may be chosen in another order; they are the same weights.
    assert_agree(x.npu().cpu().gather(-1, experts.cpu().long()).npu(), x.gather(-1, chosen))
    count = x[..., 0].numel()
    numbers = torch.arange(K)[None] * count + torch.arange(count)[:, None]
    assert_agree(rows, numbers.view(rows.shape).int())


def test_gating_gives_a_finished_token_no_expert() -> None:
    x = values(torch.float32, (4, EXPERTS), seed=1)
    finished = torch.tensor([False, True, False, True])
    experts = torch_npu.npu_moe_gating_top_k_softmax(x.npu(), finished.npu(), K)[1]
    want = x.topk(K)[1].masked_fill(finished[:, None], EXPERTS)
    assert_agree(experts, want.int())


def test_gating_renormalises_or_gives_the_softmax() -> None:
    x = values(torch.float32, (TOKENS, EXPERTS), seed=1)
    top, chosen = x.topk(K)
    y, experts, _ = torch_npu.npu_moe_gating_top_k_softmax_v2(x.npu(), k=K, renorm=1)
    assert_agree((y, experts), (top.softmax(-1), chosen.int()), rtol=1e-5)
    got = torch_npu.npu_moe_gating_top_k_softmax_v2(x.npu(), k=K, output_softmax=True)
    assert_agree(got[2], x.softmax(-1), rtol=1e-5)


@pytest.mark.parametrize("select", [0, 1], ids=["greatest", "two_greatest"])
@pytest.mark.parametrize("norm", [0, 1], ids=["softmax", "sigmoid"])
def test_gating_top_k_out_of_groups(norm: int, select: int) -> None:
    x, bias = values(torch.float32, (TOKENS, 16), seed=1), values(torch.float32, (16,), -1, 1, 2)
    weights = x.sigmoid() if norm else x.softmax(-1)
    scores = weights + bias
    groups = scores.view(TOKENS, 4, 4)
    group_scores = groups.topk(2)[0].sum(-1) if select else groups.amax(-1)
    kept = torch.zeros(TOKENS, 4).scatter_(1, group_scores.topk(2)[1], 1).bool()
    chosen = scores.masked_fill(~kept.repeat_interleave(4, 1), -torch.inf).topk(K)[1]
    want = weights.gather(1, chosen)
    if norm:
        want = want / want.sum(-1, keepdim=True)
    got = torch_npu.npu_moe_gating_top_k(
        x.npu(),
        K,
        bias=bias.npu(),
        k_group=2,
        group_count=4,
        group_select_mode=select,
        norm_type=norm,
        routed_scaling_factor=2.5,
        out_flag=True,
    )
    assert_agree(got, (want * 2.5, chosen.int(), weights), rtol=1e-5)


@dtypes
def test_init_routing_v2_orders_rows_by_expert(dtype: torch.dtype) -> None:
    x, experts = values(dtype, (TOKENS, H), seed=1), choices()
    order = experts.flatten().argsort(stable=True)
    counts = experts.flatten().bincount(minlength=EXPERTS)
    options = {
        "active_num": TOKENS * K,
        "expert_num": EXPERTS,
        "expert_tokens_num_flag": True,
        "active_expert_range": [0, EXPERTS],
    }
    for row_type, rows in ((0, order.argsort()), (1, order)):
        got = torch_npu.npu_moe_init_routing_v2(
            x.npu(), experts.npu(), expert_tokens_num_type=1, row_idx_type=row_type, **options
        )
        assert_agree(got[:3], (x[order // K], rows.int(), counts))
    got = torch_npu.npu_moe_init_routing_v2(
        x.npu(), experts.npu(), expert_tokens_num_type=2, row_idx_type=0, **options
    )
    pairs = [[expert, count] for expert, count in enumerate(counts.tolist()) if count]
    assert_agree(got[2], torch.tensor([*pairs, [0, 0]]))


def test_init_routing_v2_of_this_ranks_experts_quantises() -> None:
    x, experts = values(torch.bfloat16, (TOKENS, H), seed=1), choices()
    order = experts.flatten().argsort(stable=True)
    mine = order[(experts.flatten()[order] >= 2) & (experts.flatten()[order] < 6)]
    got = torch_npu.npu_moe_init_routing_v2(
        x.npu(),
        experts.npu(),
        active_num=TOKENS * K,
        expert_num=EXPERTS,
        expert_tokens_num_type=1,
        expert_tokens_num_flag=True,
        active_expert_range=[2, 6],
        row_idx_type=1,
        quant_mode=1,
    )
    rows = x[mine // K].float()
    scale = rows.abs().amax(-1) / 127
    assert_agree(got[0][: len(mine)], (rows / scale[:, None]).round().to(torch.int8))
    assert_agree(got[3][: len(mine)], scale)
    assert_agree(got[1][: len(mine)], mine.int())
    assert_agree(got[2], experts.flatten().bincount(minlength=EXPERTS)[2:6])


def test_init_routing_v2_gives_each_expert_its_capacity() -> None:
    x, experts = values(torch.float32, (TOKENS, H), seed=1), choices()
    capacity = 4
    want = torch.zeros(EXPERTS, capacity, H)
    rows = torch.full((TOKENS * K,), -1, dtype=torch.int32)
    for expert in range(EXPERTS):
        for place, choice in enumerate((experts.flatten() == expert).nonzero()[:capacity, 0]):
            want[expert, place] = x[choice // K]
            rows[choice] = expert * capacity + place
    got = torch_npu.npu_moe_init_routing_v2(
        x.npu(),
        experts.npu(),
        active_num=TOKENS * K,
        expert_capacity=capacity,
        expert_num=EXPERTS,
        drop_pad_mode=1,
        expert_tokens_num_type=1,
        expert_tokens_num_flag=True,
        active_expert_range=[0, EXPERTS],
        row_idx_type=0,
    )
    assert_agree(got[0], want)
    assert_agree(got[1], rows)


@dtypes
@pytest.mark.filterwarnings("ignore:The oprator of MoeInitRouting")
def test_rows_go_out_to_the_experts_and_come_back(dtype: torch.dtype) -> None:
    x, experts = values(dtype, (TOKENS, H), seed=1), choices()
    weights = values(dtype, (TOKENS, K), 0, 1, 2)
    numbers = torch.arange(K)[None] * TOKENS + torch.arange(TOKENS)[:, None]
    expanded, rows, sorted_experts = torch_npu.npu_moe_init_routing(
        x.npu(), numbers.int().npu(), experts.npu(), TOKENS
    )
    order = experts.t().flatten().argsort(stable=True)
    assert sorted_experts.cpu().tolist() == experts.flatten().sort()[0].tolist()
    ends = torch_npu.npu_moe_compute_expert_tokens(sorted_experts, EXPERTS)
    assert_agree(ends, experts.flatten().bincount(minlength=EXPERTS).cumsum(0).int())
    assert len(order) == len(expanded)
    residual, bias = values(dtype, (TOKENS, H), seed=3), values(dtype, (EXPERTS, H), seed=4)
    got = torch_npu.npu_moe_finalize_routing(
        expanded, residual.npu(), None, bias.npu(), weights.npu(), rows, experts.npu()
    )
    each = x.float()[:, None] + bias.float()[experts.long()]
    want = residual.float() + (weights.float()[..., None] * each).sum(1)
    assert_agree(got, want.to(dtype), **TOLERANCE[dtype])


@dtypes
def test_token_permute_and_unpermute(dtype: torch.dtype) -> None:
    x, experts = values(dtype, (TOKENS, H), seed=1), choices()
    weights = values(dtype, (TOKENS, K), 0, 1, 2)
    order = experts.flatten().argsort(stable=True)
    permuted, places = torch_npu.npu_moe_token_permute(x.npu(), experts.npu())
    assert_agree((permuted, places), (x[order // K], order.argsort().int()))
    got = torch_npu.npu_moe_token_unpermute(permuted, places, weights.npu())
    want = (x.float()[:, None] * weights.float()[..., None]).sum(1)
    assert_agree(got, want.to(dtype), **TOLERANCE[dtype])
    kept, places = torch_npu.npu_moe_token_permute(x.npu(), experts.npu(), 30)
    assert_agree(kept, x[order[:30] // K])
    got = torch_npu.npu_moe_token_unpermute(kept, places, weights.npu())
    there = (order.argsort() < 30).view(TOKENS, K, 1)
    want = (x.float()[:, None] * weights.float()[..., None] * there).sum(1)
    assert_agree(got, want.to(dtype), **TOLERANCE[dtype])


def test_re_routing_puts_rows_expert_by_expert() -> None:
    counts = torch.tensor([[1, 2, 0], [3, 1, 2]])
    tokens, scales = values(torch.bfloat16, (9, H), seed=1), values(torch.float32, (9,), seed=2)
    order = torch.tensor([0, 3, 4, 5, 1, 2, 6, 7, 8])
    got = torch_npu.npu_moe_re_routing(tokens.npu(), counts.npu(), per_token_scales=scales.npu())
    assert_agree(got, (tokens[order], scales[order], order.int(), torch.tensor([4, 3, 2])))
