# SPDX-License-Identifier: Apache-2.0
"""A stream that can be made to wait, for tests of what happens while work is queued."""

from __future__ import annotations

from aclnn_moe import Communicator, Stream


class Gate:
    """Work on ``stream`` that goes on only when the gate is opened: a barrier of two ranks."""

    def __init__(self) -> None:
        self.inner, self.outer = Communicator.init_all([0, 1])
        self.stream = Stream(0)
        self._key = Stream(1)
        self._open = True

    def shut(self) -> None:
        self.inner.barrier(self.stream)
        self._open = False

    def open(self) -> None:
        if not self._open:
            self._open = True
            self.outer.barrier(self._key)
            self._key.synchronize(timeout=30)

    def close(self) -> None:
        self.open()
        for owner in (self.stream, self._key, self.inner, self.outer):
            owner.close()
