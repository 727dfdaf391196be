# SPDX-License-Identifier: Apache-2.0
"""Buffers and the pool: what is reused when, and what never is."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from gate import Gate

from aclnn_moe import AclMemoryError, Device, Stream, pinned_empty
from aclnn_moe.memory import Pool, allocate, block_size, borrow, pool_of, workspace
from aclnn_moe.stream import timeline_for
from aclnn_moe.timeline import Timeline

# A size that no other test uses, so that its blocks are this file's own.
ODD = 3_000_017


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = pool_of(0)
    Device(0).synchronize(timeout=30)
    gc.collect()
    pool.trim()
    yield pool


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


@pytest.fixture
def line() -> Iterator[Timeline]:
    with Stream(0) as stream:
        yield timeline_for(stream, 0)


@pytest.mark.parametrize(
    ("nbytes", "block"),
    [(0, 512), (1, 512), (512, 512), (513, 1024), (4096, 4096), (4097, 4608), (65537, 73728)],
)
def test_block_sizes_are_steps_between_powers_of_two(nbytes: int, block: int) -> None:
    assert block_size(nbytes) == block


def test_blocks_waste_at_most_an_eighth() -> None:
    for nbytes in range(4096, 1 << 20, 777):
        assert nbytes <= block_size(nbytes) <= nbytes * 9 // 8 + 512


def test_unused_block_is_given_to_the_next(pool: Pool) -> None:
    first = allocate(ODD, Device(0))
    address = first.address
    reserved = pool.reserved
    del first
    second = allocate(ODD - 1, Device(0))
    assert second.address == address
    assert pool.reserved == reserved


def test_live_blocks_are_never_given_twice(pool: Pool) -> None:
    buffers = [allocate(ODD, Device(0)) for _ in range(4)]
    assert len({buffer.address for buffer in buffers}) == 4


def test_block_in_use_goes_only_to_later_work_of_the_same_stream(pool: Pool, gate: Gate) -> None:
    line = timeline_for(gate.stream, 0)
    gate.shut()
    buffer = allocate(ODD, Device(0), line)
    address = buffer.address
    buffer.uses[line] = line.mark()
    del buffer
    other = allocate(ODD, Device(0))
    assert other.address != address
    assert allocate(ODD, Device(0), line).address == address


def test_block_reused_in_stream_order_still_counts_as_in_use(pool: Pool, gate: Gate) -> None:
    line = timeline_for(gate.stream, 0)
    gate.shut()
    buffer = allocate(ODD, Device(0), line)
    address = buffer.address
    buffer.uses[line] = line.mark()
    del buffer
    reused = allocate(ODD, Device(0), line)
    assert reused.address == address
    del reused  # Nothing used it, but the work before it still runs.
    other = allocate(ODD, Device(0))
    assert other.address != address
    gate.open()
    gate.stream.synchronize(timeout=30)
    assert allocate(ODD, Device(0)).address == address


def test_block_used_by_two_streams_waits_for_both(pool: Pool, gate: Gate) -> None:
    with Stream(0) as second:
        lines = [timeline_for(gate.stream, 0), timeline_for(second, 0)]
        gate.shut()
        buffer = allocate(ODD, Device(0), lines[0])
        address = buffer.address
        for line in lines:
            buffer.uses[line] = line.mark()
        del buffer
        first_try = allocate(ODD, Device(0), lines[1])
        assert first_try.address != address
        second.synchronize(timeout=30)
        second_try = allocate(ODD, Device(0), lines[1])
        assert second_try.address != address
        gate.open()
        gate.stream.synchronize(timeout=30)
        assert allocate(ODD, Device(0)).address == address


def test_borrowed_memory_keeps_its_owner_until_the_stream_is_done(pool: Pool, gate: Gate) -> None:
    class Owner:
        pass

    line = timeline_for(gate.stream, 0)
    owner = Owner()
    alive = weakref.ref(owner)
    buffer = borrow(4096, 16, Device(0), owner)
    gate.shut()
    buffer.uses[line] = line.mark()
    del buffer, owner
    allocate(1, Device(0))  # The pool looks at what came back.
    gc.collect()
    assert alive() is not None
    gate.open()
    gate.stream.synchronize(timeout=30)
    assert alive() is None


def test_trim_gives_unused_blocks_back(pool: Pool) -> None:
    buffer = allocate(ODD, Device(0))
    reserved = pool.reserved
    assert pool.trim() == 0
    del buffer
    assert pool.trim() == block_size(ODD)
    assert pool.reserved == reserved - block_size(ODD)


def test_more_than_the_device_has_is_refused() -> None:
    with pytest.raises(AclMemoryError) as caught:
        allocate(1 << 60, Device(0))
    assert caught.value.function == "aclrtMalloc"
    with pytest.raises(ValueError, match="nbytes is -1"):
        allocate(-1, Device(0))


def test_closed_buffer_has_no_address() -> None:
    with allocate(100, Device(0)) as buffer:
        assert buffer.address % 32 == 0
        assert buffer.nbytes == 100
    assert buffer.address is None
    buffer.close()
    assert "closed" in repr(buffer)


def test_workspace_of_a_stream_grows_and_is_kept(line: Timeline) -> None:
    small = workspace(line, 1000)
    assert workspace(line, 500) is small
    large = workspace(line, 100_000)
    assert large is not small and large.nbytes >= 100_000
    assert workspace(line, 1000) is large


def test_threads_never_get_the_same_block(pool: Pool) -> None:
    held: list[list[int]] = [[] for _ in range(4)]
    problems: list[str] = []
    live: set[int] = set()
    lock = threading.Lock()

    def work(mine: list[int]) -> None:
        for i in range(300):
            buffer = allocate(2048 + i % 3, Device(0))
            with lock:
                if buffer.address in live:
                    problems.append(hex(buffer.address))
                live.add(buffer.address)
            mine.append(buffer.address)
            with lock:
                live.discard(buffer.address)
            del buffer

    threads = [threading.Thread(target=work, args=(mine,)) for mine in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert [len(mine) for mine in held] == [300] * 4


def test_pinned_memory_is_an_ordinary_numpy_array() -> None:
    array = pinned_empty((3, 5), "bfloat16")
    array[:] = 2.5
    assert array.shape == (3, 5) and array.dtype.name == "bfloat16"
    assert float(array.astype(np.float32).sum()) == 37.5
    view = array[1]
    del array
    gc.collect()
    assert float(view[0]) == 2.5
    assert pinned_empty(0, np.int32).shape == (0,)
    with pytest.raises(TypeError, match="dtype is"):
        pinned_empty(3, np.complex64)
