# SPDX-License-Identifier: Apache-2.0
"""The numbers of a drawn configuration, and what the reference makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from whole_case import Case

from aclnn_moe.reference import (
    CombineInput,
    CombineOutput,
    DispatchInput,
    DispatchOutput,
    combine_add_rms_norm,
    dispatch,
)
from aclnn_moe.reference.choices import Choices, read_choices
from aclnn_moe.reference.rounding import BF16, to_bf16, to_f32

Array = npt.NDArray[Any]
ODD_VALUES = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-38, 3e38, -3e38)
ODD_SHARE = 0.01
UNTOUCHED = 7.0  # what output tensors hold before the call


@dataclass(frozen=True)
class Whole:
    """Inputs of all ranks that are left, and the reference's results, in the order of new ranks."""

    case: Case
    sent: list[DispatchInput]
    choices: list[Choices]
    delivered: list[DispatchOutput]
    returned: list[CombineInput]
    results: list[CombineOutput]


class Numbers:
    """Random tensors of one rank; equal along the first axis where the case broadcasts them."""

    def __init__(self, case: Case, *stream: int) -> None:
        self.case = case
        self.rng = np.random.default_rng([case.seed, *stream])

    def broadcast(self, name: str, values: Array) -> Array:
        if self.case.is_broadcast(name):
            values[:] = values[:1]
        return values

    def float32(self, name: str, *shape: int) -> Array:
        return self.broadcast(name, self.rng.standard_normal(shape, np.float32))

    def bf16(self, name: str, *shape: int) -> Array:
        return to_bf16(self.float32(name, *shape))

    def odd(self, name: str, values: Array) -> Array:
        """Strew NaN, infinities and numbers at the ends of the range."""
        if self.case.has("odd_values"):
            where = self.rng.random(values.shape) < ODD_SHARE
            values[where] = self.rng.choice(np.array(ODD_VALUES, BF16), int(where.sum()))
        return self.broadcast(name, values)


def whole(case: Case) -> Whole:
    """Make the numbers and run the reference."""
    config, info = case.config, case.elastic_array
    sent = [_sent(case, rank) for rank in range(len(case.batches))]
    choices = [
        read_choices(rank, one.expert_ids, one.x_active_mask, config, case.topology)
        for rank, one in enumerate(sent)
    ]
    with np.errstate(all="ignore"):
        delivered = dispatch(sent, config, layout=case.layout, elastic_info=info)
        returned = [
            _returned(case, rank, one, got)
            for rank, (one, got) in enumerate(zip(sent, delivered, strict=True))
        ]
        before = [untouched(bs, case.hidden) for bs in case.batches]
        results = combine_add_rms_norm(returned, config, elastic_info=info, out=before)
    return Whole(case, sent, choices, delivered, returned, results)


def untouched(bs: int, hidden: int) -> CombineOutput:
    row = np.full((bs, 1, hidden), UNTOUCHED).astype(BF16)
    return CombineOutput(y=row, rstd_out=np.full((bs, 1, 1), UNTOUCHED, np.float32), x=row)


def _sent(case: Case, rank: int) -> DispatchInput:
    numbers, bs = Numbers(case, 0, rank), case.batches[rank]
    usable = np.array(case.usable_ids, np.int32)
    # The same on every rank, so that others get nothing.
    popular = np.random.default_rng([case.seed, 2]).permutation(usable)[: case.popular]
    rows = [numbers.rng.permutation(popular)[: case.k] for _ in range(bs)]
    expert_ids = numbers.broadcast("expert_ids", np.stack(rows))
    mask = None
    if case.mask_dims == 1:
        mask = np.arange(bs) < numbers.rng.integers(0, bs + 1)
    elif case.mask_dims == 2:
        mask = numbers.rng.random((bs, case.k)) < numbers.rng.random()
    if mask is not None:
        mask = numbers.broadcast("x_active_mask", mask)
        if not case.is_broadcast("expert_ids"):
            # Ids of choices that do not take part are nobody's business.
            junk = numbers.rng.integers(-5, 2000, expert_ids.shape, np.int32)
            expert_ids = np.where(mask.reshape(bs, -1), expert_ids, junk)
    scales = None
    if case.smooth:
        shared = case.topology.shared_expert_num
        common = Numbers(case, 1)
        scales = common.float32("scales", shared + case.config.moe_expert_num, case.hidden)
    return DispatchInput(
        x=numbers.bf16("x", bs, case.hidden),
        expert_ids=expert_ids,
        scales=scales,
        x_active_mask=mask,
    )


def _returned(case: Case, rank: int, sent: DispatchInput, got: DispatchOutput) -> CombineInput:
    numbers, common = Numbers(case, 3, rank), Numbers(case, 4)
    bs, hidden, config = case.batches[rank], case.hidden, case.config
    residual = numbers.odd("residual_x", numbers.bf16("residual_x", bs, 1, hidden))
    tensors = CombineInput(
        expand_x=_expert_outputs(numbers, got),
        expert_ids=sent.expert_ids,
        expand_idx=got.expand_idx,
        ep_send_counts=got.ep_recv_counts,
        expert_scales=numbers.float32("expert_scales", bs, case.k),
        residual_x=residual[:, 0] if case.flat_residual else residual,
        gamma=common.bf16("gamma", hidden),
        x_active_mask=sent.x_active_mask,
    )
    if config.pair_size == 2:
        tensors = replace(tensors, tp_send_counts=got.tp_recv_counts)
    if case.has("shared_expert_x"):
        shape = (bs, 1, hidden) if case.seed % 2 else (bs, hidden)
        tensors = replace(tensors, shared_expert_x=numbers.bf16("shared_expert_x", *shape))
    if config.copy_expert_num or config.const_expert_num:
        tensors = replace(tensors, ori_x=numbers.bf16("ori_x", bs, hidden))
    if config.const_expert_num:
        num = config.const_expert_num
        alpha_shape = (num, hidden) if case.alpha_dims == 2 else (num,)
        tensors = replace(
            tensors,
            const_expert_alpha_1=common.bf16("const_expert_alpha_1", *alpha_shape),
            const_expert_alpha_2=common.bf16("const_expert_alpha_2", *alpha_shape),
            const_expert_v=common.bf16("const_expert_v", num, hidden),
        )
    return tensors


def _expert_outputs(numbers: Numbers, got: DispatchOutput) -> Array:
    """Stand in for the experts: each row times a number of its own; NaN behind the rows."""
    row_num = got.row_num
    values = to_f32(got.expand_x[:row_num])
    if got.expand_x.dtype == np.int8:
        values = values * got.dynamic_scales[:row_num, None]
    outputs = np.full(got.expand_x.shape, np.nan).astype(BF16)
    factors = numbers.rng.uniform(-2, 2, (row_num, 1)).astype(np.float32)
    outputs[:row_num] = numbers.odd("expand_x", to_bf16(values * factors))
    return numbers.broadcast("expand_x", outputs) if row_num else outputs


def combine_tensors(given: Sequence[Any] | CombineInput) -> dict[str, Array]:
    """Every tensor that is there, by name."""
    return {name: value for name, value in vars(given).items() if value is not None}
