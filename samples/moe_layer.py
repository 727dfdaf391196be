# SPDX-License-Identifier: Apache-2.0
"""A mixture-of-experts layer on two ranks against the dense computation, with numpy arrays."""

import ml_dtypes
import numpy as np

import aclnn_moe

RANKS, BS, H, K, EXPERTS = 2, 8, 1024, 2, 4
BF16 = ml_dtypes.bfloat16


def parameters():
    rng = np.random.default_rng(0)
    experts = rng.standard_normal((EXPERTS, H, H), dtype=np.float32) / H**0.5
    gate = rng.standard_normal((H, EXPERTS), dtype=np.float32) / H**0.5
    return experts, gate, np.ones(H, dtype=BF16)


def route(x, gate):
    logits = x.astype(np.float32) @ gate
    expert_ids = np.argsort(-logits, axis=1)[:, :K].astype(np.int32)
    chosen = np.exp(np.take_along_axis(logits, expert_ids, axis=1))
    return expert_ids, chosen / chosen.sum(axis=1, keepdims=True)


def layer(world, x, experts, gate, gamma):
    group = (world.group, world.size, world.rank, EXPERTS)
    expert_ids, expert_scales = route(x, gate)
    sent = aclnn_moe.moe_distribute_dispatch_v2(x, expert_ids, *group)
    # Rows come grouped by expert; this rank holds EXPERTS // RANKS of them.
    output, end, first = np.zeros_like(sent.expand_x), 0, world.rank * EXPERTS // RANKS
    for weights, count in zip(experts[first:], sent.expert_token_nums, strict=False):
        rows = slice(end, end := end + count)
        output[rows] = (sent.expand_x[rows].astype(np.float32) @ weights).astype(BF16)
    return aclnn_moe.moe_distribute_combine_add_rms_norm(
        output, expert_ids, sent.expand_idx, sent.ep_recv_counts, expert_scales, x, gamma, *group
    )


def dense(x, experts, gate, gamma):
    expert_ids, expert_scales = route(x, gate)
    total = x.astype(np.float32)
    for token, (ids, scales) in enumerate(zip(expert_ids, expert_scales, strict=True)):
        total[token] += scales @ (x[token].astype(np.float32) @ experts[ids])
    return total / np.sqrt((total**2).mean(axis=1, keepdims=True) + 1e-6) * gamma


def compare(world):
    x = np.random.default_rng(1 + world.rank).standard_normal((BS, H)).astype(BF16)
    got = layer(world, x, *parameters()).y[:, 0].astype(np.float32)
    # Rows and results are rounded to bf16 (8 bits): a few of its steps at the largest value.
    tolerance = 4 * 2**-8 * np.abs(got).max()
    return np.abs(got - dense(x, *parameters())).max(), tolerance


if __name__ == "__main__":
    for rank, (error, tolerance) in enumerate(aclnn_moe.launch(compare, RANKS)):
        print(f"rank {rank}: largest difference {error:.4f}, allowed {tolerance:.4f}")
        assert error <= tolerance
