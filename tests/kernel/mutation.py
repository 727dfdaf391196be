# SPDX-License-Identifier: Apache-2.0
"""A bug that is put into the Ascend C kernel on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A bug: ``old`` stands once in ``file`` and becomes ``new``; ``scenario`` shows it.

    ``found`` is what it is found as, by ``kind``.
    """

    name: str
    file: str
    old: str
    new: str
    scenario: str
    found: str
