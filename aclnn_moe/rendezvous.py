# SPDX-License-Identifier: Apache-2.0
"""How ranks that somebody else started find one another: rank 0 hands a few bytes to all others."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import secrets
import selectors
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass

_MAGIC = b"aclnn_moe rendezvous 1\n"
_NONCE_BYTES = 32
_TOKEN_BYTES = 32
_HELLO = struct.Struct(f"!II{_NONCE_BYTES}s{_TOKEN_BYTES}s")  # rank, world size, nonce, token
_ANSWER = struct.Struct(f"!BI{_TOKEN_BYTES}s")  # 1: the payload, 0: an error text; length; token
# Far above a root info; a larger length is not from this protocol.
_MAX_PAYLOAD_BYTES = 1 << 20
_RETRY_SECONDS = 0.05
# Beside torchrun's MASTER_PORT a port is taken from this one to below its double: there Linux looks
# for none itself, as it does for the store's many clients, so that it is likely to be free.
_LOWEST_PORT = 16384

# mpirun sets its own names; Open MPI's, then MPICH's and Intel MPI's.
_ALIASES = {
    "RANK": ("OMPI_COMM_WORLD_RANK", "PMI_RANK"),
    "WORLD_SIZE": ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"),
    "LOCAL_RANK": ("OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"),
}


@dataclass(frozen=True)
class RankEnvironment:
    """What a launcher told this process.

    Attributes
    ----------
    rank, size
        Place of this process among all, and how many there are.
    local_rank
        Place on this machine; None where the launcher does not say.
    address, port
        Where rank 0 listens.
    key
        Secret of ACLNN_MOE_RENDEZVOUS_KEY; empty without one.
    """

    rank: int
    size: int
    local_rank: int | None
    address: str
    port: int
    key: bytes

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> RankEnvironment:
        """Read RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT.

        Raises
        ------
        ValueError
            A variable is missing, or its value is not what it must be.
        """
        environ = os.environ if environ is None else environ
        values = {name: _lookup(environ, name) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
        values |= {name: environ.get(name, "") for name in ("MASTER_ADDR", "MASTER_PORT")}
        missing = [name for name, value in values.items() if not value and name != "LOCAL_RANK"]
        if missing:
            raise ValueError(
                f"{', '.join(missing)} not set: start this program with torchrun, mpirun or "
                "another launcher that sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, "
                "or use aclnn_moe.launch"
            )
        size = _number(values, "WORLD_SIZE", 1, 1 << 20)
        rank = _number(values, "RANK", 0, size - 1)
        local = _number(values, "LOCAL_RANK", 0, size - 1) if values["LOCAL_RANK"] else None
        port = _number(values, "MASTER_PORT", 1, 65535)
        # torchrun's agent keeps its own store open on MASTER_PORT.
        if environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
            port = _LOWEST_PORT + (port + 1) % _LOWEST_PORT
        key = environ.get("ACLNN_MOE_RENDEZVOUS_KEY", "").encode()
        return cls(rank, size, local, values["MASTER_ADDR"], port, key)


def serve(where: RankEnvironment, payload: bytes, *, timeout: float) -> None:
    """Give ``payload`` to every other rank; called by rank 0, returns when all have been served.

    Parameters
    ----------
    where
        This process; its rank must be 0.
    payload
        At most 1 MiB.
    timeout
        Seconds to wait for all other ranks.

    Raises
    ------
    TimeoutError
        Some ranks did not come; the message names them, and those that came are told.
    OSError
        The port cannot be opened.
    ValueError
        The payload is too large.
    """
    if len(payload) > _MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload has {len(payload)} bytes: want at most {_MAX_PAYLOAD_BYTES}")
    if where.size == 1:
        return
    guests = _Guests(where)
    try:
        guests.gather(time.monotonic() + timeout)
        if guests.missing:
            text = (
                f"rendezvous at {where.address}:{where.port}: {_ranks(guests.missing)} did not "
                f"come within {timeout:g} s"
            )
            guests.answer(text.encode(), ok=False)
            raise TimeoutError(text)
        guests.answer(payload, ok=True)
    finally:
        guests.close()


def fetch(where: RankEnvironment, *, timeout: float) -> bytes:
    """Return rank 0's payload; called by every other rank.

    Raises
    ------
    TimeoutError
        Rank 0 did not come or did not answer in time.
    ConnectionError
        Rank 0 refused this rank, broke off, or does not hold the same key; the message says which.
    """
    deadline = time.monotonic() + timeout
    nonce = secrets.token_bytes(_NONCE_BYTES)
    with _connect(where, deadline, timeout) as connection:
        try:
            if _receive(connection, len(_MAGIC), deadline) != _MAGIC:
                raise ConnectionError(
                    f"what listens at {where.address}:{where.port} is not rank 0 of this program; "
                    "set another MASTER_PORT"
                )
            server_nonce = _receive(connection, _NONCE_BYTES, deadline)
            token = _token(where.key, b"guest", server_nonce, nonce, where.rank, where.size)
            connection.sendall(_HELLO.pack(where.rank, where.size, nonce, token))
            head = _receive(connection, _ANSWER.size, deadline)
            ok, length, token = _ANSWER.unpack(head)
            if length > _MAX_PAYLOAD_BYTES:
                raise ConnectionError(f"rank 0 announced {length} bytes: not this protocol")
            body = _receive(connection, length, deadline)
        except TimeoutError:
            raise TimeoutError(
                f"rank {where.rank}: rank 0 at {where.address}:{where.port} did not answer "
                f"within {timeout:g} s"
            ) from None
    if not ok:
        raise ConnectionError(f"rank {where.rank}: {body.decode('utf-8', 'replace')}")
    if not hmac.compare_digest(token, _token(where.key, b"host", server_nonce, nonce, body)):
        raise ConnectionError(
            f"rank {where.rank}: the answer of {where.address}:{where.port} was not made with "
            "this process's ACLNN_MOE_RENDEZVOUS_KEY"
        )
    return body


class _Guests:
    """Rank 0's side: the listening socket, and the ranks that have come."""

    def __init__(self, where: RankEnvironment) -> None:
        self._where = where
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._arrived: dict[int, tuple[socket.socket, bytes]] = {}
        self._pending: dict[socket.socket, bytearray] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(where)
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def missing(self) -> list[int]:
        """Ranks that have not come."""
        return [rank for rank in range(1, self._where.size) if rank not in self._arrived]

    def gather(self, deadline: float) -> None:
        """Accept ranks until all are here or the time is over."""
        while len(self._arrived) < self._where.size - 1:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            for key, _ in self._selector.select(left):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
        # Whoever comes from now on belongs to a later rendezvous on this port.
        self._selector.unregister(self._listener)
        self._listener.close()

    def answer(self, body: bytes, *, ok: bool) -> None:
        """Send ``body`` to every rank that has come."""
        for connection, nonce in self._arrived.values():
            self._send(connection, nonce, body, ok=ok)

    def close(self) -> None:
        """Close every socket."""
        self._selector.close()
        self._listener.close()
        for connection in [*self._pending, *(each for each, _ in self._arrived.values())]:
            connection.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            connection.send(_MAGIC + self._nonce)
        except OSError:
            return  # it left again; a rank tries until it is served
        self._pending[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        received = self._pending[connection]
        try:
            chunk = connection.recv(_HELLO.size - len(received))
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        received += chunk
        if chunk and len(received) < _HELLO.size:
            return
        self._selector.unregister(connection)
        del self._pending[connection]
        if not chunk:
            connection.close()
            return
        rank, size, nonce, token = _HELLO.unpack(received)
        objection = self._objection(rank, size, nonce, token)
        if objection:
            self._send(connection, nonce, objection.encode(), ok=False)
            connection.close()
        else:
            self._arrived[rank] = (connection, nonce)

    def _objection(self, rank: int, size: int, nonce: bytes, token: bytes) -> str:
        where = self._where
        wanted = _token(where.key, b"guest", self._nonce, nonce, rank, size)
        if not hmac.compare_digest(token, wanted):
            return "rank 0 holds another ACLNN_MOE_RENDEZVOUS_KEY than this process"
        if size != where.size:
            return f"WORLD_SIZE is {size} here and {where.size} on rank 0"
        if not 0 < rank < size:
            return f"RANK is {rank}: want 1 to {size - 1} beside rank 0"
        if rank in self._arrived:
            return f"two processes have RANK {rank}"
        return ""

    def _send(self, connection: socket.socket, nonce: bytes, body: bytes, *, ok: bool) -> None:
        token = _token(self._where.key, b"host", self._nonce, nonce, body)
        try:
            connection.settimeout(5.0)  # a few KB into an empty socket: only a dead peer blocks
            connection.sendall(_ANSWER.pack(ok, len(body), token) + body)
        except OSError:
            return  # a rank that left is missed by the communicator, by name


def _lookup(environ: Mapping[str, str], name: str) -> str:
    return next((environ[each] for each in (name, *_ALIASES[name]) if environ.get(each)), "")


def _number(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    try:
        number = int(values[name])
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise ValueError(f"{name} is {values[name]!r}: want a whole number from {low} to {high}")
    return number


def _ranks(ranks: list[int]) -> str:
    shown = ", ".join(str(rank) for rank in ranks[:32])
    more = f" and {len(ranks) - 32} more" if len(ranks) > 32 else ""
    return f"rank{'s' if len(ranks) > 1 else ''} {shown}{more}"


def _token(key: bytes, side: bytes, *parts: bytes | int) -> bytes:
    """Proof of the key; without a key only a check against accidents."""
    digest = hmac.new(key, side, hashlib.sha256)
    for part in parts:
        data = struct.pack("!I", part) if isinstance(part, int) else part
        digest.update(struct.pack("!I", len(data)) + data)
    return digest.digest()


def _listen(where: RankEnvironment) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(
        where.address, where.port, type=socket.SOCK_STREAM
    )[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            # A service name or a translated address leads to this machine without being one of it.
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            listener.bind(("", where.port))
        listener.listen(min(where.size, 1024))
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno,
            f"rank 0 cannot listen at MASTER_ADDR={where.address} port {where.port}: "
            f"{error.strerror}",
        ) from error
    return listener


def _connect(where: RankEnvironment, deadline: float, timeout: float) -> socket.socket:
    reason = "no answer"
    while (left := deadline - time.monotonic()) > 0:
        try:
            return socket.create_connection((where.address, where.port), timeout=left)
        except OSError as error:
            reason = error.strerror or str(error)  # rank 0 may start later than this rank
        time.sleep(min(_RETRY_SECONDS, max(0.0, deadline - time.monotonic())))
    raise TimeoutError(
        f"rank {where.rank} could not reach rank 0 at {where.address}:{where.port} within "
        f"{timeout:g} s: {reason}"
    )


def _receive(connection: socket.socket, count: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(count - len(data))
        if not chunk:
            raise ConnectionError(
                f"rank 0 closed the connection after {len(data)} of {count} bytes"
            )
        data += chunk
    return bytes(data)
