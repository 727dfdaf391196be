# SPDX-License-Identifier: Apache-2.0
"""What a shared library exports, read from its file: loading it would run its code."""

from __future__ import annotations

import mmap
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

_SHT_DYNSYM = 11
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_MACHINES = {62: "x86_64", 183: "aarch64"}


@dataclass(frozen=True)
class SharedLibrary:
    """The parts of an ELF file that decide whether it can serve this process."""

    machine: str
    exports: frozenset[str]

    @property
    def fits_this_machine(self) -> bool:
        """Whether it is built for the processor that runs this."""
        return self.machine == platform.machine()


def read(path: Path) -> SharedLibrary:
    """Read the dynamic symbols of a 64-bit little-endian ELF file.

    Raises
    ------
    ValueError
        The file is no such library, or is cut off.
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _parse(data)
        except (struct.error, IndexError, OverflowError, ValueError) as error:
            raise ValueError(f"{path} is not a whole 64-bit shared library: {error}") from error


def wrong_machine(library: SharedLibrary) -> str:
    """Text and remedy for a library that is built for another processor."""
    here = platform.machine()
    return (
        f"built for {library.machine}, and this machine is {here}; remedy: install the package "
        f"that is built for {here}"
    )


def _parse(data: mmap.mmap) -> SharedLibrary:
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no ELF header")
    (machine,) = struct.unpack_from("<H", data, 18)
    (table,) = struct.unpack_from("<Q", data, 40)
    entry_size, count = struct.unpack_from("<HH", data, 58)
    sections = [_SECTION.unpack_from(data, table + i * entry_size) for i in range(count)]
    exports = set()
    for _, kind, _, _, offset, size, link, _, _, _ in sections:
        if kind != _SHT_DYNSYM:
            continue
        strings = sections[link][4]
        for at in range(offset, offset + size, _SYMBOL.size):
            name, _, _, section, _, _ = _SYMBOL.unpack_from(data, at)
            if name and section:  # section 0: wanted from elsewhere, not exported
                end = data.find(b"\0", strings + name)
                exports.add(data[strings + name : end].decode("ascii", "replace"))
    return SharedLibrary(_MACHINES.get(machine, f"machine {machine}"), frozenset(exports))
