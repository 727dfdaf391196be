# SPDX-License-Identifier: Apache-2.0
"""How ranks that a launcher started find one another."""

from __future__ import annotations

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aclnn_moe import rendezvous
from aclnn_moe.rendezvous import RankEnvironment

ENVIRON = {
    "RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rank(number: int, size: int, port: int, key: bytes = b"") -> RankEnvironment:
    return RankEnvironment(number, size, number, "127.0.0.1", port, key)


def test_environment_is_read() -> None:
    assert RankEnvironment.read(ENVIRON) == RankEnvironment(1, 4, 1, "127.0.0.1", 29500, b"")


def test_environment_of_torchrun_leaves_its_store_the_port() -> None:
    environ = ENVIRON | {"TORCHELASTIC_USE_AGENT_STORE": "True"}
    assert RankEnvironment.read(environ).port == 29501
    for port in (1, 16383, 32767, 45001, 65535):
        taken = RankEnvironment.read(environ | {"MASTER_PORT": str(port)}).port
        assert taken != port and 16384 <= taken < 32768


def test_environment_of_mpirun_has_names_of_its_own() -> None:
    environ = {
        "OMPI_COMM_WORLD_RANK": "3",
        "OMPI_COMM_WORLD_SIZE": "4",
        "OMPI_COMM_WORLD_LOCAL_RANK": "1",
        "MASTER_ADDR": "node0",
        "MASTER_PORT": "1234",
    }
    assert RankEnvironment.read(environ) == RankEnvironment(3, 4, 1, "node0", 1234, b"")


def test_environment_may_leave_out_the_local_rank_and_hold_a_key() -> None:
    environ = ENVIRON | {"LOCAL_RANK": "", "ACLNN_MOE_RENDEZVOUS_KEY": "secret"}
    read = RankEnvironment.read(environ)
    assert (read.local_rank, read.key) == (None, b"secret")


def test_environment_names_every_missing_variable() -> None:
    with pytest.raises(ValueError, match=r"^RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT not set"):
        RankEnvironment.read({})
    with pytest.raises(ValueError, match=r"^MASTER_PORT not set"):
        RankEnvironment.read(ENVIRON | {"MASTER_PORT": ""})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("RANK", "4", "0 to 3"),
        ("RANK", "-1", "0 to 3"),
        ("RANK", "one", "0 to 3"),
        ("WORLD_SIZE", "0", "1 to 1048576"),
        ("LOCAL_RANK", "x", "0 to 3"),
        ("MASTER_PORT", "65536", "1 to 65535"),
    ],
)
def test_environment_refuses_a_malformed_variable(name: str, value: str, wanted: str) -> None:
    with pytest.raises(
        ValueError, match=f"^{name} is '{value}': want a whole number from {wanted}"
    ):
        RankEnvironment.read(ENVIRON | {name: value})


@pytest.mark.parametrize("key", [b"", b"secret"])
@pytest.mark.parametrize("size", [1, 2, 9])
def test_rendezvous_hands_the_payload_to_every_rank(port: int, size: int, key: bytes) -> None:
    payload = bytes(range(256)) * 17
    with ThreadPoolExecutor(size) as pool:
        guests = [
            pool.submit(rendezvous.fetch, rank(i, size, port, key), timeout=20)
            for i in range(1, size)
        ]
        rendezvous.serve(rank(0, size, port, key), payload, timeout=20)
        assert [guest.result() for guest in guests] == [payload] * (size - 1)


def test_rendezvous_can_be_held_again_on_the_same_port(port: int) -> None:
    def guest() -> list[bytes]:
        return [rendezvous.fetch(rank(1, 2, port), timeout=20) for _ in range(5)]

    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(guest)
        for i in range(5):
            rendezvous.serve(rank(0, 2, port), b"round %d" % i, timeout=20)
        assert received.result() == [b"round %d" % i for i in range(5)]


def test_rendezvous_names_the_ranks_that_did_not_come(port: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(2, 5, port), timeout=20)
        with pytest.raises(TimeoutError, match=r"ranks 1, 3, 4 did not come within 2 s"):
            rendezvous.serve(rank(0, 5, port), b"payload", timeout=2)
        # Those that came learn it at once, not at their own timeout.
        with pytest.raises(ConnectionError, match=r"rank 2: rendezvous .* ranks 1, 3, 4 did not"):
            guest.result(5)


def test_rendezvous_names_rank_0_when_nobody_listens(port: int) -> None:
    start = time.monotonic()
    with pytest.raises(
        TimeoutError, match=rf"rank 1 could not reach rank 0 at 127\.0\.0\.1:{port}"
    ):
        rendezvous.fetch(rank(1, 2, port), timeout=0.3)
    assert time.monotonic() - start < 5


def test_rendezvous_ends_when_rank_0_stays_silent(port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(TimeoutError, match=r"did not answer within 0\.3 s"),
    ):
        rendezvous.fetch(rank(1, 2, port), timeout=0.3)


def test_rendezvous_refuses_a_rank_with_another_key(port: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(1, 2, port, b"wrong"), timeout=20)
        with pytest.raises(TimeoutError, match="rank 1 did not come"):
            rendezvous.serve(rank(0, 2, port, b"right"), b"payload", timeout=1)
        with pytest.raises(ConnectionError, match="holds another ACLNN_MOE_RENDEZVOUS_KEY"):
            guest.result()


def test_rendezvous_refuses_a_second_process_of_the_same_rank(port: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        guests = [pool.submit(rendezvous.fetch, rank(1, 3, port), timeout=20) for _ in range(2)]
        with pytest.raises(TimeoutError, match="rank 2 did not come"):
            rendezvous.serve(rank(0, 3, port), b"payload", timeout=1)
        errors = sorted(str(guest.exception()) for guest in guests)
    assert "did not come" in errors[0]
    assert errors[1] == "rank 1: two processes have RANK 1"


def test_rendezvous_refuses_another_world_size(port: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(1, 3, port), timeout=20)
        with pytest.raises(TimeoutError):
            rendezvous.serve(rank(0, 2, port), b"payload", timeout=0.7)
        with pytest.raises(ConnectionError, match="WORLD_SIZE is 3 here and 2 on rank 0"):
            guest.result()


def test_rendezvous_survives_strangers(port: int) -> None:
    def stranger(data: bytes) -> None:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                    connection.sendall(data)
                return
            except ConnectionRefusedError:
                time.sleep(0.01)

    with ThreadPoolExecutor(3) as pool:
        host = pool.submit(rendezvous.serve, rank(0, 2, port), b"payload", timeout=20)
        list(pool.map(stranger, [b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 200]))
        assert rendezvous.fetch(rank(1, 2, port), timeout=20) == b"payload"
        assert host.result() is None


def test_rendezvous_refuses_another_protocol(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server, ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(1, 2, port), timeout=20)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"220 smtp.example.org ESMTP ready, at your service\r\n")
            with pytest.raises(ConnectionError, match="is not rank 0 of this program"):
                guest.result()


def test_rendezvous_refuses_a_length_that_cannot_be(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server, ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(1, 2, port), timeout=20)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"aclnn_moe rendezvous 1\n" + bytes(32))
            connection.sendall(struct.pack("!BI32s", 1, 0xFFFFFFFF, bytes(32)))
            with pytest.raises(ConnectionError, match="announced 4294967295 bytes"):
                guest.result()


def test_rendezvous_refuses_an_answer_made_without_the_key(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server, ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(1, 2, port, b"secret"), timeout=20)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"aclnn_moe rendezvous 1\n" + bytes(32))
            connection.sendall(struct.pack("!BI32s", 1, 4, bytes(32)) + b"evil")
            with pytest.raises(ConnectionError, match="was not made with"):
                guest.result()


def test_rendezvous_says_that_rank_0_broke_off(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as server, ThreadPoolExecutor(1) as pool:
        guest = pool.submit(rendezvous.fetch, rank(1, 2, port), timeout=20)
        connection, _ = server.accept()
        connection.sendall(b"aclnn")
        connection.close()
        with pytest.raises(ConnectionError, match="closed the connection after 5 of 23 bytes"):
            guest.result()


def test_rendezvous_refuses_an_address_that_is_taken(port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(OSError, match=f"rank 0 cannot listen at MASTER_ADDR=127.0.0.1 port {port}"),
    ):
        rendezvous.serve(rank(0, 2, port), b"payload", timeout=1)


def test_rendezvous_refuses_a_payload_beyond_its_limit(port: int) -> None:
    with pytest.raises(ValueError, match="payload has 1048577 bytes: want at most 1048576"):
        rendezvous.serve(rank(0, 2, port), bytes((1 << 20) + 1), timeout=1)
