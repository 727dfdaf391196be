# SPDX-License-Identifier: Apache-2.0
"""Communicators of one process and of many, their groups, and worlds from an environment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import rank_functions

from aclnn_moe import AclError, Communicator, Device, Stream, World, launch


@pytest.fixture
def pair() -> Iterator[list[Communicator]]:
    ranks = Communicator.init_all([0, 1])
    yield ranks
    for rank in ranks:
        rank.close()


def test_init_all_makes_one_rank_per_device() -> None:
    ranks = Communicator.init_all([2, Device(0), 1])
    assert [(each.rank, each.size, each.device.id) for each in ranks] == [
        (0, 3, 2),
        (1, 3, 0),
        (2, 3, 1),
    ]
    assert len({each.name for each in ranks}) == 1
    assert len({each.handle for each in ranks}) == 3
    for each in ranks:
        each.close()


@pytest.mark.parametrize(
    ("devices", "message"),
    [([], "devices is empty"), ([0, 1, 0], r"devices names one twice: \[0, 1, 0\]")],
)
def test_init_all_refuses_devices_that_make_no_group(devices: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Communicator.init_all(devices)


def test_init_all_refuses_a_device_that_does_not_exist() -> None:
    with pytest.raises(AclError, match="want 0 to"):
        Communicator.init_all([0, Device.count()])


def test_barrier_holds_ranks_of_one_process_together(pair: list[Communicator]) -> None:
    streams = [Stream(each.device) for each in pair]
    pair[0].barrier(streams[0])
    assert not streams[0].query()
    pair[1].barrier(streams[1])
    for stream in streams:
        stream.synchronize(20)
        assert stream.query()
        stream.close()


def test_barrier_refuses_a_stream_of_another_device(pair: list[Communicator]) -> None:
    with Stream(1) as stream, pytest.raises(ValueError, match="stream is of device 1"):
        pair[0].barrier(stream)


def test_communicator_closes_once_and_says_so(pair: list[Communicator]) -> None:
    first = pair[0]
    name = first.name
    assert repr(first) == f"<Communicator {name!r} rank 0 of 2 on Device(0)>"
    assert not first.closed
    with first as entered:
        assert entered is first
    first.close()
    assert first.closed
    assert repr(first) == f"<Communicator {name!r} rank 0 of 2 on Device(0), closed>"
    assert (first.name, first.rank, first.size) == (name, 0, 2)
    for call in (
        lambda: first.handle,
        lambda: first.barrier(),
        lambda: first.subgroup([0]),
        lambda: first.__enter__(),
    ):
        with pytest.raises(ValueError, match=f"the communicator '{name}' is closed"):
            call()


def test_communicator_that_was_forgotten_warns() -> None:
    (rank,) = Communicator.init_all([0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del rank
    assert [str(each.message).endswith("was not closed") for each in caught] == [True]
    assert caught[0].category is ResourceWarning


def join(info: bytes, size: int, rank: int, **options: str) -> Communicator:
    return Communicator.from_root_info(info, size, rank, device=rank, **options)


def test_root_info_brings_threads_together() -> None:
    info = Communicator.root_info()
    assert isinstance(info, bytes)
    assert len(info) == 4108
    with ThreadPoolExecutor(3) as pool:
        ranks = list(pool.map(lambda rank: join(info, 3, rank, name="trio"), range(3)))
    assert [(each.rank, each.size, each.device.id) for each in ranks] == [
        (0, 3, 0),
        (1, 3, 1),
        (2, 3, 2),
    ]
    assert {each.name for each in ranks} == {"trio"}
    for each in ranks:
        each.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"info": b"short"}, "info has 5 bytes: want the 4108 of root_info"),
        ({"size": 0}, "size is 0: want at least 1"),
        ({"rank": 2}, "rank is 2: want 0 to 1"),
        ({"rank": -1}, "rank is -1: want 0 to 1"),
        ({"name": ""}, "name has 0 bytes: want 1 to 127"),
        ({"name": "x" * 128}, "name has 128 bytes: want 1 to 127"),
        ({"name": "a\0b"}, "name has 3 bytes: want 1 to 127, none of them zero"),
        ({"buffer_mb": 0}, "buffer_mb is 0: want at least 1"),
        ({"timeout": 0}, "timeout is 0: want at least 1"),
        ({"timeout": 1 << 31}, "timeout is 2147483648"),
    ],
)
def test_from_root_info_refuses_arguments_out_of_range(
    changes: dict[str, Any], message: str
) -> None:
    arguments: dict[str, Any] = {"info": bytes(4108), "size": 2, "rank": 0} | changes
    with pytest.raises(ValueError, match=message):
        Communicator.from_root_info(**arguments)


def test_from_root_info_refuses_bytes_that_root_info_did_not_make() -> None:
    with pytest.raises(AclError) as caught:
        Communicator.from_root_info(bytes(4108), 2, 0, device=0)
    assert caught.value.function == "HcclCommInitRootInfoConfig"
    assert caught.value.message


def test_name_may_have_127_bytes() -> None:
    info = Communicator.root_info()
    with join(info, 1, 0, name="x" * 127) as only:
        assert only.name == "x" * 127


def test_subgroup_keeps_the_order_it_was_given() -> None:
    ranks = Communicator.init_all([0, 1, 2])
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda each: each.subgroup([2, 0]), ranks))
    assert made[1] is None
    first, second = made[0], made[2]
    assert first is not None
    assert second is not None
    assert (first.rank, first.size, first.device.id) == (1, 2, 0)
    assert (second.rank, second.size, second.device.id) == (0, 2, 2)
    assert first.name == second.name != ranks[0].name
    for each in (first, second, *ranks):
        each.close()


def test_subgroup_outlives_the_name_of_its_parent(pair: list[Communicator]) -> None:
    with ThreadPoolExecutor(2) as pool:
        groups = list(pool.map(lambda each: each.subgroup([0, 1], buffer_mb=1), pair))
    assert groups[0]._parent is pair[0]
    streams = [Stream(each.device) for each in pair]
    for group, stream in zip(groups, streams, strict=True):
        group.barrier(stream)
    for group, stream in zip(groups, streams, strict=True):
        stream.synchronize(20)
        stream.close()
        group.close()
        assert group._parent is None


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        ([], "ranks is empty"),
        ([0, 1, 0], r"ranks names one twice: \[0, 1, 0\]"),
        ([0, 2], r"ranks names \[2\]: want ranks from 0 to 1"),
        ([-1], r"ranks names \[-1\]: want ranks from 0 to 1"),
    ],
)
def test_subgroup_refuses_ranks_that_make_no_group(
    pair: list[Communicator], ranks: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pair[0].subgroup(ranks)


def test_communicator_is_made_by_its_class_methods() -> None:
    with pytest.raises(TypeError):
        Communicator()  # type: ignore[call-arg]


def test_new_group_is_made_by_its_members() -> None:
    first, second, third = launch(rank_functions.groups, 3)
    names = [first[0][2], second[1][2], first[2][2]]
    assert len(set(names)) == 3
    assert first == [(0, 2, names[0], 0, False), None, (0, 2, names[2], 0, False)]
    assert second == [None, (1, 2, names[1], 1, False), None]
    assert third == [
        (1, 2, names[0], 2, False),
        (0, 2, names[1], 2, False),
        (1, 2, names[2], 2, False),
    ]


def test_new_group_takes_a_name_a_buffer_and_a_timeout() -> None:
    assert launch(rank_functions.named_group, 2, ("tensor",)) == ["tensor", "tensor"]


def test_new_group_refuses_ranks_that_make_no_group() -> None:
    for messages in launch(rank_functions.bad_groups, 2):
        assert [message.split(":")[0] for message in messages] == [
            "ranks is empty",
            "ranks names one twice",
            "ranks names [2]",
            "ranks names [-1]",
        ]


def test_world_closes_once_with_all_its_groups() -> None:
    (seen,) = launch(rank_functions.closed_world, 1)
    assert seen["open"] == "<World rank 0 of 1 on Device(0)>"
    assert seen["closed"] == "<World rank 0 of 1 on Device(0), closed>"
    assert seen["groups closed"] == (True, True)
    for call in ("new_group", "barrier", "handle"):
        assert seen[call].endswith("is closed")
    assert seen["with"] == "the world is closed"


def test_collective_names_the_rank_that_did_not_come_in_time() -> None:
    (name, message), _ = launch(rank_functions.late, 2, (1, 3.0))
    assert "TIMEOUT" in name
    assert "rank 1" in message
    assert "within 1 s" in message


WORLD_SCRIPT = """
import json, os
from aclnn_moe import World
with World.from_env(rendezvous_timeout=float(os.environ["SECONDS"])) as world:
    group = world.new_group([0, 2]) if world.size > 2 else None
    world.group.barrier(world.stream)
    world.stream.synchronize()
    print(json.dumps([world.rank, world.size, world.device.id, world.group.name, group is None]))
"""


def start_world(
    rank: int, size: int, port: int, *, seconds: float = 60, **extra: str
) -> subprocess.Popen[str]:
    environ = os.environ | {
        "RANK": str(rank),
        "WORLD_SIZE": str(size),
        "LOCAL_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "SECONDS": str(seconds),
    }
    environ |= extra
    return subprocess.Popen(
        [sys.executable, "-c", WORLD_SCRIPT],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("extra", [{}, {"ACLNN_MOE_RENDEZVOUS_KEY": "secret"}])
def test_world_from_env_brings_processes_together(port: int, extra: dict[str, str]) -> None:
    processes = [start_world(rank, 3, port, **extra) for rank in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    seen = [json.loads(stdout) for stdout, _ in outputs]
    name = seen[0][3]
    assert name
    assert seen == [[0, 3, 0, name, False], [1, 3, 1, name, True], [2, 3, 2, name, False]]


def test_world_from_env_takes_the_rank_for_a_device_without_local_rank(port: int) -> None:
    process = start_world(0, 1, port, LOCAL_RANK="", ACLNN_MOE_HOST_DEVICES="1")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)[:3] == [0, 1, 0]


def test_world_from_env_names_the_ranks_that_did_not_come(port: int) -> None:
    process = start_world(0, 3, port, seconds=1)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ranks 1, 2 did not come within 1 s" in stderr


def test_world_from_env_names_missing_variables() -> None:
    with pytest.raises(ValueError, match=r"WORLD_SIZE, MASTER_PORT not set"):
        World.from_env({"RANK": "0", "MASTER_ADDR": "127.0.0.1"})


def test_world_from_env_leaves_its_thread_on_its_device(port: int) -> None:
    seen = []

    def rank() -> None:
        environ = {
            "RANK": "0",
            "WORLD_SIZE": "1",
            "LOCAL_RANK": "0",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        with World.from_env(environ) as world:
            seen.append((Device.current(), world.stream.device, world.group.device))

    thread = threading.Thread(target=rank)
    thread.start()
    thread.join()
    assert seen == [(Device(0),) * 3]
