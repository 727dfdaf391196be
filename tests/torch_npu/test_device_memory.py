# SPDX-License-Identifier: Apache-2.0
"""Memory of torch_npu: pinned copies, the caching allocator and its statistics, its end."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import torch
from npu_process import run_program

# Larger than what the allocator cuts from a shared segment, so a segment of its own.
LARGE = 32 << 20


@pytest.fixture(autouse=True)
def empty_device() -> Iterator[None]:
    # Errors that an earlier test caught hold its tensors in cycles.
    gc.collect()
    torch.npu.set_device(0)
    torch.npu.synchronize()
    torch.npu.empty_cache()
    torch.npu.reset_peak_memory_stats()
    yield
    torch.npu.synchronize()


def test_pinned_memory_is_copied_without_waiting() -> None:
    given = torch.arange(1 << 20).pin_memory()
    back = torch.empty(1 << 20, dtype=torch.int64, pin_memory=True)
    assert given.is_pinned()
    assert not torch.arange(3).is_pinned()
    there = given.to("npu", non_blocking=True)
    back.copy_(there, non_blocking=True)
    torch.npu.current_stream().synchronize()
    assert torch.equal(back, given)


def test_pageable_memory_is_copied_without_waiting() -> None:
    given = torch.arange(1 << 20)
    there = given.to("npu", non_blocking=True)
    assert torch.equal(there.cpu(), given)


def test_statistics_follow_what_is_allocated() -> None:
    before = torch.npu.memory_allocated()
    held = torch.empty(LARGE, dtype=torch.uint8, device="npu")
    during = torch.npu.memory_allocated()
    # The allocator adds 32 bytes and rounds up to 512.
    assert during - before == LARGE + 512
    assert torch.npu.memory_reserved() >= during
    del held
    assert torch.npu.memory_allocated() == before
    assert torch.npu.max_memory_allocated() == during
    torch.npu.reset_peak_memory_stats()
    assert torch.npu.max_memory_allocated() == before
    assert torch.npu.memory_stats()["allocated_bytes.all.current"] == before


def test_statistics_are_those_of_one_device() -> None:
    before = torch.npu.memory_allocated(0)
    held = torch.empty(LARGE, dtype=torch.uint8, device="npu:9")
    assert torch.npu.memory_allocated(9) >= LARGE
    assert torch.npu.memory_allocated(0) == before
    del held


def test_freed_memory_is_used_again() -> None:
    first = torch.empty(LARGE, dtype=torch.uint8, device="npu").data_ptr()
    assert torch.empty(LARGE, dtype=torch.uint8, device="npu").data_ptr() == first


def test_an_emptied_cache_gives_its_memory_back() -> None:
    before = torch.npu.memory_reserved()
    held = torch.empty(LARGE, dtype=torch.uint8, device="npu")
    del held
    assert torch.npu.memory_reserved() >= before + LARGE
    torch.npu.empty_cache()
    assert torch.npu.memory_reserved() == before


def test_free_and_total_memory_are_the_machines() -> None:
    free, total = torch.npu.mem_get_info()
    assert 0 < free <= total
    assert torch.npu.mem_get_info(15)[1] == total


def test_the_summary_and_the_snapshot_show_the_segments() -> None:
    held = torch.empty(LARGE, dtype=torch.uint8, device="npu")
    assert "NPU memory summary" in torch.npu.memory_summary()
    segments = torch.npu.memory_snapshot()
    assert any(segment["total_size"] >= LARGE for segment in segments)
    del held


def test_too_much_memory_is_out_of_memory() -> None:
    with pytest.raises(torch.OutOfMemoryError, match=r"Tried to allocate 1024\.00 GiB"):
        torch.empty(1 << 40, dtype=torch.uint8, device="npu")
    assert torch.npu.memory_stats()["num_ooms"] >= 1
    assert torch.ones(3).npu().tolist() == [1, 1, 1]


def test_memory_of_another_stream_is_kept_until_that_has_used_it() -> None:
    stream = torch.npu.Stream()
    given = torch.arange(1 << 20)
    held = given.npu()
    target = torch.empty_like(held)
    stream.wait_stream(torch.npu.current_stream())
    with torch.npu.stream(stream):
        target.copy_(held)
    held.record_stream(stream)
    del held
    other = torch.zeros(1 << 20, dtype=torch.int64).npu()
    stream.synchronize()
    assert torch.equal(target.cpu(), given)
    assert not other.cpu().any()


EXPANDABLE = """
import torch
given = torch.arange(30 << 20, dtype=torch.int32)
held = [given[: n << 20].npu() for n in (1, 7, 30)]
assert all(torch.equal(each.cpu(), given[: each.numel()]) for each in held)
assert held[2].to("npu:1").cpu().equal(given)
reserved = torch.npu.memory_reserved()
assert reserved >= 38 * 4 << 20, reserved
del held
torch.npu.empty_cache()
assert torch.npu.memory_reserved() == 0, torch.npu.memory_reserved()
assert given.npu().cpu().equal(given)
try:
    torch.empty(1 << 40, dtype=torch.uint8, device="npu")
except torch.OutOfMemoryError:
    print("out of memory")
there = given.npu()
assert all(segment["is_expandable"] for segment in torch.npu.memory_snapshot())
"""


def test_expandable_segments_work() -> None:
    ran = run_program(EXPANDABLE, PYTORCH_NPU_ALLOC_CONF="expandable_segments:True")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "out of memory\n"
