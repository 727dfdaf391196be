# SPDX-License-Identifier: Apache-2.0
"""Streams and events of torch_npu."""

from __future__ import annotations

import time

import pytest
import torch

# A copy of this many elements takes milliseconds.
MANY = 8 << 20


@pytest.fixture(autouse=True)
def on_device_0() -> None:
    torch.npu.set_device(0)


def test_the_default_stream_is_current_until_another_is() -> None:
    stream = torch.npu.Stream()
    assert torch.npu.current_stream() == torch.npu.default_stream()
    with torch.npu.stream(stream):
        assert torch.npu.current_stream() == stream
    assert torch.npu.current_stream() == torch.npu.default_stream()
    assert stream != torch.npu.default_stream()


def test_streams_belong_to_their_device() -> None:
    torch.npu.set_device(3)
    stream = torch.npu.Stream()
    assert stream.device.index == 3
    torch.npu.set_device(0)
    with torch.npu.stream(stream):
        assert torch.npu.current_device() == 3
        assert torch.ones(1, device="npu").device.index == 3
    assert torch.npu.current_device() == 0


def test_a_stream_of_high_priority_works() -> None:
    stream = torch.npu.Stream(priority=-1)
    with torch.npu.stream(stream):
        there = torch.arange(100).npu()
    stream.synchronize()
    assert torch.equal(there.cpu(), torch.arange(100))


def test_a_stream_is_idle_once_synchronised() -> None:
    stream = torch.npu.Stream()
    given = torch.ones(MANY).pin_memory()
    with torch.npu.stream(stream):
        for _ in range(4):
            there = given.to("npu", non_blocking=True)
    stream.synchronize()
    assert stream.query()
    assert torch.equal(there.cpu(), given)


def test_a_stream_waits_for_another() -> None:
    first, second = torch.npu.Stream(), torch.npu.Stream()
    given = torch.arange(MANY).pin_memory()
    middle, last = (torch.zeros(MANY, dtype=torch.int64, device="npu") for _ in range(2))
    torch.npu.synchronize()
    with torch.npu.stream(first):
        middle.copy_(given, non_blocking=True)
    second.wait_stream(first)
    with torch.npu.stream(second):
        last.copy_(middle, non_blocking=True)
    second.synchronize()
    assert torch.equal(last.cpu(), given)


def test_a_stream_waits_for_an_event() -> None:
    first, second = torch.npu.Stream(), torch.npu.Stream()
    written = torch.npu.Event()
    given = torch.arange(MANY).pin_memory()
    middle, last = (torch.zeros(MANY, dtype=torch.int64, device="npu") for _ in range(2))
    torch.npu.synchronize()
    with torch.npu.stream(first):
        middle.copy_(given, non_blocking=True)
        written.record()
    second.wait_event(written)
    with torch.npu.stream(second):
        last.copy_(middle, non_blocking=True)
    second.synchronize()
    assert written.query()
    assert torch.equal(last.cpu(), given)


def test_the_device_is_synchronised_with_all_its_streams() -> None:
    given = torch.ones(MANY).pin_memory()
    streams = [torch.npu.Stream() for _ in range(3)]
    for stream in streams:
        with torch.npu.stream(stream):
            given.to("npu", non_blocking=True)
    torch.npu.synchronize()
    assert all(stream.query() for stream in streams)


def test_elapsed_time_is_that_of_the_work_between() -> None:
    start, end = (torch.npu.Event(enable_timing=True) for _ in range(2))
    given = torch.ones(MANY).pin_memory()
    there = torch.empty(MANY, device="npu")
    torch.npu.synchronize()
    began = time.perf_counter()
    start.record()
    for _ in range(8):
        there.copy_(given, non_blocking=True)
    end.record()
    end.synchronize()
    took_ms = (time.perf_counter() - began) * 1000
    assert 0 < start.elapsed_time(end) <= took_ms


def test_an_event_can_be_recorded_again() -> None:
    event = torch.npu.Event()
    for step in range(3):
        there = torch.full((1000,), step).npu()
        event.record()
        event.synchronize()
        assert event.query()
        assert there.cpu()[0] == step


def test_an_event_records_a_stream() -> None:
    stream = torch.npu.Stream()
    event = stream.record_event()
    event.synchronize()
    assert event.query()
    torch.npu.current_stream().wait_event(event)
    torch.npu.synchronize()


def test_the_raw_stream_is_one_of_the_runtime() -> None:
    assert torch.npu.current_stream().npu_stream != torch.npu.Stream().npu_stream
