# SPDX-License-Identifier: Apache-2.0
"""Ranks of torch_npu as processes of a program, each with its process group; arrays for them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
import torch_npu
from torch.multiprocessing import Process

BF16 = np.dtype(ml_dtypes.bfloat16)
Array = npt.NDArray[Any]


def run_ranks(count: int, body: Callable[..., None], *arguments: Any) -> None:
    """Fork `count` ranks that call ``body(rank, *arguments)``; exit when one of them fails.

    The program must not have used a device itself: what it knows, every rank knows.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = f"file://{Path(folder) / 'store'}"
        ranks = [
            Process(target=_rank, args=(rank, count, store, body, arguments))
            for rank in range(count)
        ]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
    codes = [process.exitcode for process in ranks]
    if any(codes):
        sys.exit(f"exit codes of the ranks: {codes}")


def _rank(
    rank: int, count: int, store: str, body: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    torch_npu.npu.set_device(rank)
    dist.init_process_group("hccl", init_method=store, rank=rank, world_size=count)
    body(rank, *arguments)
    dist.destroy_process_group()


def name_of(group: Any, rank: int) -> str:
    """Name of the group's communicator, as the operators take it."""
    name: str = group._get_backend(torch.device("npu")).get_hccl_comm_name(rank)
    return name


def to_npu(array: Array | None) -> torch.Tensor | None:
    if array is None:
        return None
    array = np.ascontiguousarray(array)
    if array.dtype == BF16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).npu()
    return torch.from_numpy(array).npu()


def to_numpy(tensor: torch.Tensor) -> Array:
    host = tensor.cpu()
    if host.dtype == torch.bfloat16:
        return host.view(torch.int16).numpy().view(BF16)
    return host.numpy()
