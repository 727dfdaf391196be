# SPDX-License-Identifier: Apache-2.0
"""Devices, streams and events: order, waiting, failing, closing."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from gate import Gate

from aclnn_moe import AclError, AclTimeoutError, Device, Event, Stream, asarray
from aclnn_moe.stream import timeline_for


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


class Token:
    """Something whose death can be seen."""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_import_loads_no_library_and_changes_no_environment() -> None:
    done = run_python(
        "import os; before = dict(os.environ); import aclnn_moe; import sys; "
        "maps = open('/proc/self/maps').read(); "
        "print('ascendcl' in maps, '_binding' in maps, 'numpy' in sys.modules, "
        "before == dict(os.environ))"
    )
    assert done.stdout.split() == ["False", "False", "False", "True"], done.stderr


def test_launch_stays_a_function_when_its_module_is_imported() -> None:
    done = run_python(
        "import aclnn_moe.launch, aclnn_moe; from aclnn_moe.launch import launch; "
        "print(aclnn_moe.launch is launch)"
    )
    assert done.stdout.strip() == "True", done.stderr


def test_every_exported_name_is_there() -> None:
    import aclnn_moe

    missing = [name for name in aclnn_moe.__all__ if not hasattr(aclnn_moe, name)]
    assert missing == []
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = aclnn_moe.nothing


def test_init_from_many_threads_starts_once() -> None:
    done = run_python(
        "import threading, aclnn_moe\n"
        "failed = []\n"
        "def start():\n"
        "    try: aclnn_moe.init(); aclnn_moe.Device(0).use()\n"
        "    except BaseException as error: failed.append(error)\n"
        "threads = [threading.Thread(target=start) for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print(failed)"
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_forked_child_is_refused_once_the_parent_has_started() -> None:
    Device.count()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            Device.count()
            text = "no error"
        except RuntimeError as error:
            text = str(error)
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    assert "forked" in text and "spawn" in text


def test_a_process_forked_before_the_start_works() -> None:
    done = run_python(
        "import os, aclnn_moe\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    print(aclnn_moe.Device.count() > 0, flush=True); os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(aclnn_moe.Device.count() > 0)"
    )
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_device_numbers_are_checked() -> None:
    assert Device.count() >= 16
    assert Device(3) == Device(3) != Device(4)
    assert len({Device(3), Device(3)}) == 1
    with pytest.raises(ValueError, match="id is -1"):
        Device(-1)
    with pytest.raises(TypeError, match="want the number of a device"):
        Device("0")  # type: ignore[arg-type]
    with pytest.raises(AclError) as caught:
        Device(Device.count()).use()
    assert caught.value.function == "aclrtSetDevice"


def test_use_holds_for_the_calling_thread_only() -> None:
    seen: list[int] = []

    def work() -> None:
        seen.append(Device.current().id)
        Device(2).use()
        seen.append(Device.current().id)

    Device(1).use()
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == [0, 2]
        assert Device.current() == Device(1)
    finally:
        Device(0).use()


def test_device_tells_chip_and_memory() -> None:
    assert Device(0).soc_name.startswith("Ascend910")
    memory = Device(0).memory_info()
    assert 0 < memory.free <= memory.total


def test_work_on_another_device_leaves_the_threads_device() -> None:
    Device(0).use()
    with Stream(1) as stream:
        asarray(np.arange(4), 1, stream=stream)
        assert Device.current() == Device(0)


def test_stream_is_idle_after_synchronize() -> None:
    with Stream(0) as stream:
        array = asarray(np.arange(1000), 0, stream=stream)
        stream.synchronize(timeout=30)
        assert stream.query() is True
        assert array.numpy()[-1] == 999
        assert stream.handle != 0
        assert stream.device == Device(0)


def test_synchronize_gives_up_after_the_timeout_and_the_work_goes_on(gate: Gate) -> None:
    gate.shut()
    assert gate.stream.query() is False
    with pytest.raises(AclTimeoutError) as caught:
        gate.stream.synchronize(timeout=0.05)
    assert caught.value.code == 507046
    gate.open()
    gate.stream.synchronize(timeout=30)
    assert gate.stream.query() is True


def test_synchronize_refuses_a_negative_timeout() -> None:
    with Stream(0) as stream, pytest.raises(ValueError, match=r"timeout is -1 s"):
        stream.synchronize(timeout=-1)


def test_device_synchronize_waits_for_all_its_streams(gate: Gate) -> None:
    gate.shut()
    with pytest.raises(AclTimeoutError):
        Device(0).synchronize(timeout=0.05)
    gate.open()
    Device(0).synchronize(timeout=30)
    assert gate.stream.query() is True


def test_stream_keeps_what_it_retains_until_it_has_been_waited_for(gate: Gate) -> None:
    gate.shut()
    token = Token()
    alive = weakref.ref(token)
    gate.stream.retain(token)
    del token
    gc.collect()
    assert alive() is not None
    gate.open()
    gate.stream.synchronize(timeout=30)
    assert alive() is None


def test_stream_lets_go_only_of_what_its_finished_work_needed(gate: Gate) -> None:
    tokens = [Token(), Token()]
    alive = [weakref.ref(token) for token in tokens]
    gate.stream.retain(tokens[0])
    event = gate.stream.record()
    gate.shut()
    gate.stream.retain(tokens[1])
    tokens.clear()
    event.synchronize(timeout=30)
    assert alive[0]() is None
    assert alive[1]() is not None


def test_stream_lets_go_when_it_is_found_idle(gate: Gate) -> None:
    gate.shut()
    token = Token()
    alive = weakref.ref(token)
    gate.stream.retain(token)
    del token
    assert gate.stream.query() is False
    assert alive() is not None
    gate.open()
    while not gate.stream.query():
        pass
    assert alive() is None


def test_closed_stream_is_refused_and_closing_twice_is_harmless() -> None:
    stream = Stream(0)
    stream.close()
    stream.close()
    assert "closed" in repr(stream)
    for call in (stream.synchronize, stream.query, stream.record, lambda: stream.handle):
        with pytest.raises(ValueError, match="the stream is closed"):
            call()
    with pytest.raises(ValueError, match="the stream is closed"):
        asarray(np.zeros(3), 0, stream=stream)


def test_a_stream_that_nobody_closed_warns() -> None:
    stream = Stream(0)
    with pytest.warns(ResourceWarning, match="was not closed"):
        stream.__del__()
    assert "closed" in repr(stream)


def test_raw_handle_stands_for_its_stream(gate: Gate) -> None:
    gate.shut()
    same = Stream.from_handle(gate.stream.handle, 0)
    assert same.query() is False
    assert timeline_for(gate.stream.handle, 0) is timeline_for(gate.stream, 0)
    gate.open()
    same.synchronize(timeout=30)
    same.close()
    assert gate.stream.query() is True  # Still its owner's.


def test_stream_argument_is_checked() -> None:
    with Stream(1) as other:
        with pytest.raises(ValueError, match="stream is of device 1, the work of device 0"):
            timeline_for(other, 0)
    with pytest.raises(TypeError, match="stream is a str"):
        timeline_for("0", 0)  # type: ignore[arg-type]
    assert timeline_for(None, 0).handle == Device(0).default_stream.handle


def test_event_orders_two_streams(gate: Gate) -> None:
    with Stream(0) as later, Event() as event:
        gate.shut()
        gate.stream.record(event)
        later.wait(event)
        assert event.query() is False
        with pytest.raises(AclTimeoutError):
            later.synchronize(timeout=0.05)
        with pytest.raises(AclTimeoutError) as caught:
            event.synchronize(timeout=0.05)
        assert caught.value.code == 507047
        gate.open()
        later.synchronize(timeout=30)
        assert event.query() is True


def test_event_measures_time_between_two_points(gate: Gate) -> None:
    with Event() as start, Event() as end:
        start.record(gate.stream)
        gate.shut()
        opener = threading.Timer(0.05, gate.open)
        opener.start()
        gate.stream.record(end)
        end.synchronize(timeout=30)
        opener.join()
        assert 40 <= end.elapsed_ms(start) < 20_000


def test_event_without_timing_is_refused_for_elapsed_time() -> None:
    with Stream(0) as stream, Event(timing=False) as first, Event() as second:
        stream.record(first)
        stream.record(second)
        stream.synchronize()
        with pytest.raises(ValueError, match="timing=True"):
            second.elapsed_ms(first)


def test_closed_event_is_refused() -> None:
    event = Event()
    event.close()
    event.close()
    assert repr(event) == "<Event closed>"
    for call in (event.query, event.synchronize, event.record):
        with pytest.raises(ValueError, match="the event is closed"):
            call()
