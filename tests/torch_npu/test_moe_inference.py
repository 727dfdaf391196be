# SPDX-License-Identifier: Apache-2.0
"""Whole layers as users write them, moved to the NPU and compared with the same on the CPU."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch_npu
from comparing import name_of
from torch import nn

H, HEADS, D, EXPERTS, K, GROUPS, INNER, VOCABULARY, LENGTH = 128, 4, 32, 16, 4, 4, 64, 97, 16
CACHES = ("slice", "index_copy", "index_put")
ATTENTIONS = ("eager", "fused", "causal", "einsum")
# Both sides round every product to the dtype, and sum in orders of their own; where two experts are
# as good, a token may go to the one or the other.
TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-1, torch.bfloat16: 3e-1}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE, ids=name_of)
NZ = 29

Pair = tuple[nn.Module, nn.Module]


class RMSNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(H))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.float()
        return self.weight * (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype)


def rotate(x: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    inverse = 1.0 / 10000 ** (torch.arange(0, D, 2, device=x.device).float() / D)
    angles = torch.outer(position.float(), inverse)
    angles = torch.cat((angles, angles), -1)
    half = torch.cat((-x[..., D // 2 :], x[..., : D // 2]), -1)
    return x * angles.cos().to(x.dtype) + half * angles.sin().to(x.dtype)


class Attention(nn.Module):
    """Grouped queries over a cache, in the ways that people write them."""

    def __init__(self, how: str, cache: str) -> None:
        super().__init__()
        self.how, self.cache = how, cache
        self.q, self.k, self.v = nn.Linear(H, HEADS * D), nn.Linear(H, 2 * D), nn.Linear(H, 2 * D)
        self.o = nn.Linear(HEADS * D, H, bias=False)
        self.register_buffer("keys", torch.zeros(2, 2, LENGTH, D))
        self.register_buffer("values", torch.zeros(2, 2, LENGTH, D))

    def write(self, cache: torch.Tensor, new: torch.Tensor, position: torch.Tensor) -> None:
        if self.cache == "slice":
            start = int(position[0])
            cache[:, :, start : start + len(position)] = new
        elif self.cache == "index_copy":
            cache.index_copy_(2, position, new)
        else:
            rows = torch.arange(len(cache), device=cache.device)[:, None]
            cache.transpose(1, 2).index_put_((rows, position[None]), new.transpose(1, 2))

    def forward(self, x: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        batch, count, _ = x.shape
        q = rotate(self.q(x).view(batch, count, HEADS, D).transpose(1, 2), position)
        k = rotate(self.k(x).view(batch, count, 2, D).transpose(1, 2), position)
        self.write(self.keys, k, position)
        self.write(self.values, self.v(x).view(batch, count, 2, D).transpose(1, 2), position)
        seen = int(position[-1]) + 1
        k = self.keys[:, :, :seen].repeat_interleave(HEADS // 2, dim=1)
        v = self.values[:, :, None, :seen].expand(-1, -1, HEADS // 2, -1, -1).flatten(1, 2)
        future = torch.ones(count, seen, dtype=torch.bool, device=x.device)
        future = future.triu(seen - count + 1)
        if self.how == "fused" or (self.how == "causal" and count != seen):
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=~future)
        elif self.how == "causal":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        elif self.how == "einsum":
            scores = torch.einsum("bhld,bhtd->bhlt", q, k) / D**0.5
            scores = scores.masked_fill(future, torch.finfo(x.dtype).min)
            y = torch.einsum("bhlt,bhtd->bhld", scores.softmax(-1), v)
        else:
            scores = (torch.matmul(q, k.transpose(2, 3)) * D**-0.5).masked_fill(future, -torch.inf)
            y = F.softmax(scores, dim=-1, dtype=torch.float32).to(x.dtype) @ v
        return self.o(y.transpose(1, 2).reshape(batch, count, -1))


class Expert(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(H, INNER, bias=False), nn.Linear(H, INNER, bias=False)
        self.down, self.act = nn.Linear(INNER, H, bias=False), nn.SiLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(self.act(self.gate(x)) * self.up(x))


class GroupedMoe(nn.Module):
    """Groups of experts chosen by sigmoid scores and a bias; tokens sorted by expert."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(H, EXPERTS, bias=False)
        self.bias = nn.Parameter(torch.linspace(-0.1, 0.1, EXPERTS))
        self.experts = nn.ModuleList(Expert() for _ in range(EXPERTS))
        self.shared = Expert()

    def choose(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = F.linear(x.float(), self.gate.weight.float()).sigmoid()
        biased = scores + self.bias.float()
        best = biased.view(-1, GROUPS, EXPERTS // GROUPS).topk(2, -1)[0].sum(-1).topk(2, -1)[1]
        allowed = torch.zeros(len(x), GROUPS, device=x.device).scatter_(1, best, 1)
        allowed = allowed.bool().repeat_interleave(EXPERTS // GROUPS, 1)
        ids = biased.masked_fill(~allowed, 0.0).topk(K, -1)[1]
        weights = scores.gather(1, ids)
        return ids, weights / (weights.sum(-1, keepdim=True) + 1e-20) * 2.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, H)
        ids, weights = self.choose(flat)
        counts = torch.bincount(ids.flatten(), minlength=EXPERTS)
        order = ids.flatten().argsort(stable=True)
        rows = flat[order // K]
        parts = rows.split(counts.tolist())
        done = torch.cat([expert(part) for expert, part in zip(self.experts, parts, strict=True)])
        back = torch.empty_like(done)
        back[order] = done
        y = (back.view(-1, K, H) * weights[..., None].to(x.dtype)).sum(1)
        return y.view_as(x) + self.shared(x)


class MaskedMoe(nn.Module):
    """Experts chosen by softmax; each adds its tokens by index; a shared one with its own gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(H, EXPERTS, bias=False)
        self.experts = nn.ModuleList(Expert() for _ in range(EXPERTS))
        self.shared, self.shared_gate = Expert(), nn.Linear(H, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, H)
        weights, ids = F.softmax(self.gate(flat), dim=1, dtype=torch.float).topk(2, dim=-1)
        weights = (weights / weights.sum(-1, keepdim=True)).to(x.dtype)
        mask = F.one_hot(ids, EXPERTS).permute(2, 1, 0)
        y = torch.zeros_like(flat)
        for expert in torch.greater(mask.sum(dim=(-1, -2)), 0).nonzero().flatten().tolist():
            place, token = torch.where(mask[expert])
            y.index_add_(0, token, self.experts[expert](flat[token]) * weights[token, place, None])
        return (y + F.sigmoid(self.shared_gate(flat)) * self.shared(flat)).view_as(x)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(VOCABULARY, H), nn.Linear(H, VOCABULARY)
        self.norm = nn.RMSNorm(H, eps=1e-6)
        kinds = [(how, CACHES[i % 3]) for i, how in enumerate(ATTENTIONS)]
        self.attention = nn.ModuleList(Attention(*kind) for kind in kinds)
        self.moe = nn.ModuleList((GroupedMoe, MaskedMoe)[i % 2]() for i in range(len(kinds)))
        self.norms = nn.ModuleList(RMSNorm() for _ in range(2 * len(kinds)))

    def forward(self, ids: torch.Tensor, start: int) -> torch.Tensor:
        position = torch.arange(start, start + ids.shape[1], device=ids.device)
        x = self.embedding(ids)
        for i, (attention, moe) in enumerate(zip(self.attention, self.moe, strict=True)):
            x = x + attention(self.norms[2 * i](x), position)
            x = x + moe(self.norms[2 * i + 1](x))
        return self.head(self.norm(x))


def twins(dtype: torch.dtype) -> Pair:
    """The same model on the CPU and, loaded from a file, on the NPU."""
    torch.manual_seed(0)
    model = Model().to(dtype).eval()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = Model().to("npu", dtype).eval()
    other.load_state_dict(torch.load(file, map_location="npu", weights_only=True))
    return model, other


def check(got: torch.Tensor, want: torch.Tensor, dtype: torch.dtype) -> None:
    """As users do: on the device and on the CPU, by several measures."""
    assert got.device.type == "npu" and got.dtype == want.dtype == dtype
    bound = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    torch.testing.assert_close(got, want.npu(), **bound)
    assert torch.allclose(got.cpu(), want, **bound)
    difference = got.float() - want.npu().float()
    assert difference.abs().max().item() <= 2 * TOLERANCE[dtype] * (1 + want.abs().max().item())
    assert difference.norm(p=torch.inf).item() == difference.abs().max().item()
    assert F.mse_loss(got.float(), want.npu().float()).item() <= TOLERANCE[dtype]
    angles = F.cosine_similarity(got.float().flatten(), want.npu().float().flatten(), dim=0)
    assert angles.item() > 0.99


@dtypes
def test_prefill_and_decode(dtype: torch.dtype) -> None:
    model, other = twins(dtype)
    ids = torch.randint(0, VOCABULARY, (2, 7), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        check(other(ids.npu(), 0), model(ids, 0), dtype)
        for step in range(3):
            token = ids[:, step : step + 1]
            check(other(token.npu(), 7 + step), model(token, 7 + step), dtype)


def test_weights_cast_to_the_format_of_products() -> None:
    model, other = twins(torch.float32)
    for module in other.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = torch_npu.npu_format_cast(module.weight.data, NZ)
    ids = torch.arange(10).view(2, 5)
    with torch.no_grad():
        check(other(ids.npu(), 0), model(ids, 0), torch.float32)


def test_greedy_generation_and_its_perplexity() -> None:
    model, other = twins(torch.float32)
    results = []
    for one, device in ((model, "cpu"), (other, "npu")):
        ids = torch.tensor([[1, 2, 3], [7, 8, 9]], device=device)
        alive = torch.ones(2, dtype=torch.long, device=device)
        with torch.inference_mode():
            logits = one(ids, 0)
            for step in range(5):
                token = logits[:, -1].argmax(-1) * alive
                alive = alive & ~torch.isin(token, torch.tensor([5, 6], device=device)).long()
                ids = torch.cat([ids, token[:, None]], -1)
                logits = one(token[:, None], 3 + step)
            loss = F.cross_entropy(one(ids, 0)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        results.append((ids.tolist(), loss.exp().item()))
    assert results[1][0] == results[0][0]
    assert results[1][1] == pytest.approx(results[0][1], rel=1e-4)


def filtered(logits: torch.Tensor, k: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """Keep the k best, and of them those that make up p; as servers do for a batch."""
    ordered, index = logits.sort(dim=-1, descending=False)
    least = ordered.gather(1, (ordered.size(1) - k).unsqueeze(1))
    ordered.masked_fill_(ordered < least, -torch.inf)
    unlikely = ordered.softmax(-1).cumsum(-1) <= 1 - p.unsqueeze(1)
    unlikely[:, -1] = False
    ordered.masked_fill_(unlikely, -torch.inf)
    return logits.scatter(-1, index, ordered)


def penalised(logits: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    seen = torch.zeros(len(logits), VOCABULARY, dtype=torch.long, device=logits.device)
    seen.scatter_add_(1, before, torch.ones_like(before))
    factor = torch.where(seen > 0, 1.2, 1.0)
    return torch.where(logits > 0, logits / factor, logits * factor) - 0.1 * seen


def test_sampling() -> None:
    generator = torch.Generator().manual_seed(2)
    logits = 3 * torch.randn(3, VOCABULARY, generator=generator)
    before = torch.randint(0, VOCABULARY, (3, 9), generator=generator)
    k, p = torch.tensor([5, 40, VOCABULARY]), torch.tensor([0.9, 0.5, 1.0])
    want = filtered(penalised(logits, before), k, p)
    got = filtered(penalised(logits.npu(), before.npu()), k.npu(), p.npu())
    assert torch.equal(got.isinf().cpu(), want.isinf())
    torch.testing.assert_close(got.cpu(), want)

    chosen = torch.multinomial(got.softmax(-1), 200, replacement=True)
    assert not got.gather(1, chosen).isinf().any()
    seed = torch.Generator("npu").manual_seed(3)
    raced = (got.softmax(-1) / torch.empty_like(got).exponential_(generator=seed)).argmax(-1)
    assert not got.gather(1, raced[:, None]).isinf().any()


def test_autocast_takes_half_of_the_bits() -> None:
    layer = nn.Sequential(
        nn.Linear(H, INNER), nn.LayerNorm(INNER), nn.GELU(), nn.Linear(INNER, 3)
    ).npu()
    x = torch.ones(2, H).npu()
    for dtype in (torch.bfloat16, torch.float16):
        with torch.no_grad(), torch.autocast("npu", dtype=dtype):
            got = layer(x)
        assert got.dtype == dtype
        torch.testing.assert_close(got.float(), layer(x), rtol=2e-2, atol=2e-2)


def test_copies_and_pickles_of_a_module() -> None:
    layer = GroupedMoe().npu()
    x = torch.randn(6, H).npu()
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    twins: list[Any] = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    with torch.no_grad():
        for twin in [*twins, torch.load(file, weights_only=False)]:
            assert torch.equal(twin(x), layer(x))
