# SPDX-License-Identifier: Apache-2.0
"""combine + add + RMSNorm as a user of torch would write it: gloo, then vectorised arithmetic.

What can be done once per routing is done once: permutations, split sizes, buffers. The ways to sum
are tried out on this machine, with one and two threads, and the fastest is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

Array = npt.NDArray[Any]
THREAD_COUNTS = (1, 2)


class TorchCombine:
    """The operator for one rank, over torch.distributed's gloo.

    Parameters
    ----------
    expand_x
        (n, H) bf16: outputs of the experts, by local expert, then source rank.
    triples
        (n, 3) int32: source rank, token and choice of each row.
    sources_of_choices
        (BS, K): rank that holds each choice's expert.
    expert_scales, residual_x, gamma
        As the operator takes them.
    eps
        norm_eps.
    """

    def __init__(
        self,
        expand_x: Array,
        triples: Array,
        sources_of_choices: Array,
        expert_ids: Array,
        expert_scales: Array,
        residual_x: Array,
        gamma: Array,
        eps: float,
    ) -> None:
        size = dist.get_world_size()
        token_num, k = expert_ids.shape
        hidden = expand_x.shape[1]
        self.expand_x = _from_numpy(expand_x)
        # all_to_all_single wants rows grouped by where they go; stable, so by expert within.
        self.send_order = torch.from_numpy(np.argsort(triples[:, 0], kind="stable"))
        self.send_splits = np.bincount(triples[:, 0], minlength=size).tolist()
        self.receive_splits = np.bincount(sources_of_choices.ravel(), minlength=size).tolist()
        # They come by rank, and from each rank by expert, then position: by expert all in all.
        arrival = np.argsort(expert_ids.ravel(), kind="stable")
        self.token_of_row = torch.from_numpy(arrival // k)
        self.scale_of_row = torch.from_numpy(expert_scales.ravel()[arrival][:, None].copy())
        self.row_of_choice = torch.from_numpy(np.argsort(arrival))
        self.scales = torch.from_numpy(expert_scales)
        self.residual_x = _from_numpy(residual_x.reshape(token_num, hidden))
        self.gamma = _from_numpy(gamma)
        self.eps = eps
        self.k = k
        self.sent = torch.empty_like(self.expand_x)
        self.received = torch.empty((token_num * k, hidden), dtype=torch.bfloat16)
        self.wide = torch.empty((token_num * k, hidden))
        self.sum = torch.empty((token_num, hidden))
        self.ways: dict[str, Callable[[], None]] = {
            "index_add": self._sum_by_index_add,
            "bmm": self._sum_by_bmm,
            "addcmul": self._sum_by_choice,
        }
        self.default_threads = torch.get_num_threads()
        self.use("index_add", self.default_threads)

    def use(self, way: str, threads: int) -> None:
        """Sum in one of `ways`, with a number of threads."""
        self.way = way
        torch.set_num_threads(threads)

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run the operator: y, rstd, x."""
        self.exchange()
        return self.reduce()

    def exchange(self) -> None:
        """Bring the rows back to their tokens' ranks."""
        torch.index_select(self.expand_x, 0, self.send_order, out=self.sent)
        # gloo has no bfloat16; the bytes are the same.
        dist.all_to_all_single(
            self.received.view(torch.int32),
            self.sent.view(torch.int32),
            self.receive_splits,
            self.send_splits,
        )

    def reduce(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Weighted sum, residual, RMSNorm."""
        self.ways[self.way]()
        acc = self.sum
        acc += self.residual_x
        rstd = torch.rsqrt(acc.square().mean(dim=1, keepdim=True) + self.eps)
        y = (acc * rstd).to(torch.bfloat16) * self.gamma
        return y, rstd, acc.to(torch.bfloat16)

    def tune(self, repeats: int) -> tuple[str, int]:
        """Find the fastest way and number of threads, together on all ranks."""
        best = (float("inf"), "", 1)
        for threads in THREAD_COUNTS:
            for way in self.ways:
                self.use(way, threads)
                seconds = []
                for _ in range(repeats):
                    dist.barrier()
                    start = time.perf_counter()
                    self()
                    slowest = torch.tensor(time.perf_counter() - start)
                    dist.all_reduce(slowest, dist.ReduceOp.MAX)
                    seconds.append(float(slowest))
                best = min(best, (float(np.median(seconds)), way, threads))
        return best[1], best[2]

    def _sum_by_index_add(self) -> None:
        torch.mul(self.received, self.scale_of_row, out=self.wide)
        self.sum.zero_()
        self.sum.index_add_(0, self.token_of_row, self.wide)

    def _sum_by_bmm(self) -> None:
        rows = self.received.index_select(0, self.row_of_choice)
        rows = rows.view(len(self.scales), self.k, -1).float()
        torch.bmm(self.scales[:, None], rows, out=self.sum[:, None])

    def _sum_by_choice(self) -> None:
        rows = self.row_of_choice.view(-1, self.k)
        self.sum.zero_()
        for choice in range(self.k):
            self.sum.addcmul_(
                self.received.index_select(0, rows[:, choice]).float(),
                self.scales[:, choice, None],
            )


def _from_numpy(array: Array) -> torch.Tensor:
    """Make a bfloat16 tensor of a bfloat16 array, which torch does not know."""
    return torch.from_numpy(np.ascontiguousarray(array).view(np.int16)).view(torch.bfloat16)


def to_numpy(tensor: torch.Tensor, dtype: np.dtype[Any]) -> Array:
    """Make a bfloat16 array of a bfloat16 tensor."""
    return tensor.contiguous().view(torch.int16).numpy().view(dtype)
