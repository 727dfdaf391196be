# SPDX-License-Identifier: Apache-2.0
"""The operators against the reference, number by number; what is held is in `operator_layer`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from operator_layer import bits, check_combine, check_dispatch, check_layer, layer, run_combine

import aclnn_moe
from aclnn_moe.reference import Agreement, dispatch
from aclnn_moe.workload import RankWorkload, Workload

if TYPE_CHECKING:
    from conftest import MakeRanks
    from thread_ranks import ThreadRank

Array = npt.NDArray[Any]
BF16 = np.dtype(ml_dtypes.bfloat16)

# EP, H, BS, K: every pair of values of two columns occurs in some row.
COVERING = [
    *[(2, 1024, 1, 16), (2, 4096, 7, 8), (2, 7168, 64, 1), (2, 8192, 512, 16)],
    *[(3, 1024, 7, 1), (3, 4096, 64, 16), (3, 7168, 512, 8), (3, 8192, 1, 1)],
    *[(8, 1024, 64, 8), (8, 4096, 512, 1), (8, 7168, 1, 16), (8, 8192, 7, 8)],
    *[(16, 1024, 512, 16), (16, 4096, 1, 8), (16, 7168, 7, 1), (16, 8192, 64, 16)],
    (3, 1024, 7, 16),
]


def experts_for(ep: int, k: int) -> int:
    """Two experts per rank, or as many as K needs."""
    return ep * max(2, -(-k // ep))


@pytest.mark.parametrize(("ep", "hidden", "bs", "k"), COVERING)
def test_layer_over_sizes(thread_ranks: MakeRanks, ep: int, hidden: int, bs: int, k: int) -> None:
    work = Workload(
        ep_world_size=ep, bs=bs, hidden=hidden, k=k, moe_expert_num=experts_for(ep, k), seed=ep + bs
    )
    check_layer(thread_ranks, layer(work, [work.rank(rank) for rank in range(ep)]))


SMALL = Workload(ep_world_size=3, bs=7, hidden=1024, k=4, moe_expert_num=12, seed=11)


def small_parts(work: Workload = SMALL) -> list[RankWorkload]:
    return [work.rank(rank) for rank in range(work.ep_world_size)]


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("ep", [2, 8])
def test_dispatch_quantises_as_the_reference(
    thread_ranks: MakeRanks, ep: int, smooth: bool
) -> None:
    work = replace(SMALL, ep_world_size=ep, moe_expert_num=16, quant_mode=2, smooth=smooth)
    check_layer(thread_ranks, layer(work, small_parts(work)))


def test_dispatch_quantises_extreme_rows_as_the_reference(thread_ranks: MakeRanks) -> None:
    """Zero rows, infinities, NaN, denormals, and values whose product with 127 overflows."""
    work = replace(SMALL, quant_mode=2)
    parts = small_parts(work)
    x = parts[0].x.astype(np.float32)
    x[0] = 0
    x[1, :3] = [np.inf, -np.inf, np.nan]
    x[2, 5] = np.nan
    x[3] *= 1e-40
    x[4] *= 1e38
    x[5, ::2] = -0.0
    parts[0] = replace(parts[0], x=x.astype(BF16))
    with np.errstate(all="ignore"):
        check_layer(thread_ranks, layer(work, parts))


@pytest.mark.parametrize("kind", [0, 1])
def test_expert_token_nums_are_totals_or_counts(thread_ranks: MakeRanks, kind: int) -> None:
    one = layer(SMALL, small_parts())
    config = replace(one.config, expert_token_nums_type=kind)
    check_layer(thread_ranks, replace(one, config=config, delivered=dispatch(one.given, config)))


def test_all_tokens_to_one_expert(thread_ranks: MakeRanks) -> None:
    """K = 1: every other expert, and two whole ranks, get nothing."""
    work = replace(SMALL, k=1)
    parts = [replace(part, expert_ids=np.full((7, 1), 6, np.int32)) for part in small_parts(work)]
    one = layer(work, parts)
    assert [got.row_num for got in one.delivered] == [0, 21, 0]
    check_layer(thread_ranks, one)


def test_experts_without_tokens_between_experts_with_tokens(thread_ranks: MakeRanks) -> None:
    chosen = np.tile(np.array([1, 3, 8, 11], np.int32), (7, 1))
    one = layer(SMALL, [replace(part, expert_ids=chosen) for part in small_parts()])
    assert one.delivered[1].row_num == 0
    assert one.delivered[0].expert_token_nums.tolist() == [0, 21, 0, 21]
    check_layer(thread_ranks, one)


def test_ranks_with_equal_inputs_get_equal_outputs(thread_ranks: MakeRanks) -> None:
    one = layer(SMALL, [SMALL.rank(0)] * 3)
    check_layer(thread_ranks, one)
    results = thread_ranks(3).run(lambda rank: run_combine(rank, one))
    for result in results[1:]:
        for got, want in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(got.view(np.uint8), want.view(np.uint8))


def test_the_same_inputs_give_the_same_bits_every_time(thread_ranks: MakeRanks) -> None:
    work = replace(SMALL, ep_world_size=8, bs=64, k=8, moe_expert_num=16)
    one = layer(work, small_parts(work))
    ranks = thread_ranks(8)
    first = bits(ranks.run(lambda rank: run_combine(rank, one)))
    for _ in range(5):
        assert bits(ranks.run(lambda rank: run_combine(rank, one))) == first


def combine_bits(world: aclnn_moe.World, work: Workload) -> list[bytes]:
    """Run combine on one rank of `launch`."""
    one = layer(work, [work.rank(rank) for rank in range(work.ep_world_size)])
    return bits([run_combine(world, one)])


def test_bits_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranks of a group share the cores: 2, 6 and 14 give each of two ranks 1, 3 and 7."""
    work = replace(SMALL, ep_world_size=2, bs=64, moe_expert_num=8)
    results = []
    for cores in (2, 6, 14):
        monkeypatch.setenv("ACLNN_MOE_HOST_CORES", str(cores))
        results.append(aclnn_moe.launch(combine_bits, 2, (work,), timeout=120))
    assert results[1] == results[0]
    assert results[2] == results[0]


def test_bits_do_not_depend_on_the_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that the processor lacks falls back to the plain one, so this passes anywhere."""
    work = replace(SMALL, ep_world_size=2, bs=9, hidden=1056, moe_expert_num=8)
    results = []
    for isa in ("baseline", "avx2", "avx512"):
        monkeypatch.setenv("ACLNN_MOE_HOST_ISA", isa)
        results.append(aclnn_moe.launch(combine_bits, 2, (work,), timeout=120))
    assert results[1] == results[0]
    assert results[2] == results[0]


def test_strided_device_views_give_the_same_bits(thread_ranks: MakeRanks) -> None:
    """Inputs that are parts of wider arrays, and device arrays in and out."""
    one = layer(SMALL, small_parts())

    def wide(rank: ThreadRank, array: Array) -> aclnn_moe.DeviceArray:
        """Lay `array` into every second row, and columns 8 and up, of an array of noise."""
        shape = (2 * array.shape[0], *array.shape[1:-1], array.shape[-1] + 16)
        around = np.full(shape, 77).astype(array.dtype)
        around[::2, ..., 8:-8] = array
        return aclnn_moe.asarray(around, rank.device)[::2, ..., 8:-8]

    def combine(rank: ThreadRank) -> aclnn_moe.CombineResult:
        given = one.returned[rank.rank]
        result = aclnn_moe.moe_distribute_combine_add_rms_norm(
            wide(rank, given.expand_x),
            wide(rank, given.expert_ids),
            aclnn_moe.asarray(np.repeat(given.expand_idx, 3), rank.device)[::3],
            aclnn_moe.asarray(np.repeat(given.ep_send_counts, 2), rank.device)[::2],
            wide(rank, given.expert_scales),
            wide(rank, given.residual_x),
            aclnn_moe.asarray(np.repeat(given.gamma, 2), rank.device)[::2],
            rank.group,
            moe_expert_num=one.config.moe_expert_num,
            stream=rank.stream,
        )
        return aclnn_moe.CombineResult(*(array.numpy() for array in result))

    ranks = thread_ranks(3)
    plain = bits(ranks.run(lambda rank: run_combine(rank, one)))
    assert bits(ranks.run(combine)) == plain
    ranks.run(lambda rank: check_combine(rank, one))


def test_batches_may_differ_between_ranks_with_global_bs(thread_ranks: MakeRanks) -> None:
    parts = [replace(SMALL, bs=bs).rank(rank) for rank, bs in enumerate([1, 7, 3])]
    check_layer(thread_ranks, layer(SMALL, parts, config=replace(SMALL.config, global_bs=21)))


def test_global_bs_may_be_larger_than_any_batch(thread_ranks: MakeRanks) -> None:
    config = replace(SMALL.config, global_bs=3 * 64)
    check_layer(thread_ranks, layer(SMALL, small_parts(), config=config))


def test_combine_takes_residual_x_with_and_without_the_middle_dimension(
    thread_ranks: MakeRanks,
) -> None:
    parts = small_parts()
    check_layer(thread_ranks, layer(SMALL, parts))
    flat = layer(SMALL, parts, residual_x=[part.residual_x[:, 0] for part in parts])
    check_layer(thread_ranks, flat)


@pytest.mark.parametrize("shape", [(7, 1024), (7, 1, 1024)])
def test_combine_adds_shared_expert_x_unweighted(
    thread_ranks: MakeRanks, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(5)
    shared = [rng.standard_normal(shape, np.float32).astype(BF16) for _ in range(3)]
    one = layer(SMALL, small_parts(), shared_expert_x=shared)
    plain = layer(SMALL, small_parts())
    assert (one.results[0].x != plain.results[0].x).any()
    check_layer(thread_ranks, one)


def extreme_rows(shape: tuple[int, ...], seed: int) -> Array:
    """Mostly ordinary numbers, with NaN, infinities, denormals, zeros of both signs, huge ones."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape, np.float32)
    special = np.array(
        [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1e-38, 3e38, -3e38], np.float32
    )
    where = rng.random(shape) < 0.02
    values[where] = rng.choice(special, int(where.sum()))
    return values.astype(BF16)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
def test_combine_carries_special_values_as_the_reference(thread_ranks: MakeRanks) -> None:
    parts = [
        replace(
            part,
            residual_x=extreme_rows((7, 1, 1024), rank),
            x=extreme_rows((7, 1024), 10 + rank),
            gamma=extreme_rows((1024,), 20 + rank),
        )
        for rank, part in enumerate(small_parts())
    ]
    # Token 3 is all denormals, token 4 all zeros of both signs.
    for part in parts:
        for array, factor in ((part.residual_x[3], 1e-39), (part.residual_x[4], 0.0)):
            array[...] = (np.ones(array.shape, np.float32) * factor).astype(BF16)
        part.x[3:5] = part.residual_x[3:5, 0]
    one = layer(SMALL, parts, experts=None)
    assert np.isnan(one.results[0].x.astype(np.float32)).any()
    check_layer(thread_ranks, one)


def test_combine_keeps_denormals(thread_ranks: MakeRanks) -> None:
    """No flush to zero: numbers below the normal ones come through, and rstd sees them."""
    tiny = np.float32(2.0**-127)
    parts = [
        replace(
            part,
            x=np.zeros_like(part.x),
            residual_x=np.full((7, 1, 1024), tiny).astype(BF16),
        )
        for part in small_parts()
    ]
    one = layer(SMALL, parts, config=replace(SMALL.config, norm_eps=0.0))
    assert (one.results[0].x.astype(np.float32) == tiny).all()
    np.testing.assert_allclose(one.results[0].rstd_out, 2.0**127, rtol=1e-6)
    check_layer(thread_ranks, one)


@pytest.mark.parametrize("norm_eps", [0.0, 1e-6, 1e-5, 1.0, 1e30])
def test_combine_adds_norm_eps(thread_ranks: MakeRanks, norm_eps: float) -> None:
    check_layer(
        thread_ranks, layer(SMALL, small_parts(), config=replace(SMALL.config, norm_eps=norm_eps))
    )


def test_norm_eps_0_gives_infinite_rstd_for_a_zero_token(thread_ranks: MakeRanks) -> None:
    parts = [
        replace(part, x=np.zeros_like(part.x), residual_x=np.zeros_like(part.residual_x))
        for part in small_parts()
    ]
    with np.errstate(invalid="ignore"):
        one = layer(SMALL, parts, config=replace(SMALL.config, norm_eps=0.0))
    assert np.isposinf(one.results[0].rstd_out).all()
    check_layer(thread_ranks, one)


def test_expert_scales_may_be_zero_negative_or_huge(thread_ranks: MakeRanks) -> None:
    parts = small_parts()
    scales = np.array([0.0, -0.0, -2.5, 3e38], np.float32)
    parts = [replace(part, expert_scales=np.tile(scales, (7, 1))) for part in parts]
    one = layer(SMALL, parts)
    check_layer(thread_ranks, one)


def rank_layer(world: aclnn_moe.World, work: Workload) -> tuple[int, Agreement]:
    """Run the layer on one rank of `launch`; its reference is computed here as well."""
    one = layer(work, [work.rank(rank) for rank in range(work.ep_world_size)])
    check_dispatch(world, one)
    result = run_combine(world, one)
    return world.rank, Agreement.of(result, one.results[world.rank])


def test_layer_on_processes_as_ranks() -> None:
    results = aclnn_moe.launch(rank_layer, 3, (SMALL,), timeout=120)
    assert [rank for rank, _ in results] == [0, 1, 2]
    assert all(agreement.ok for _, agreement in results), results
