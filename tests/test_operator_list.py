# SPDX-License-Identifier: Apache-2.0
"""docs/aclnn_operators.md names the operators that libopapi has, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from aclnn_moe._ffi import discovery, elf

PAGE = Path(__file__).resolve().parent.parent / "docs" / "aclnn_operators.md"


def listed() -> list[str]:
    names = []
    for line in PAGE.read_text().partition("| family |")[2].partition("##")[0].splitlines()[2:]:
        for word in line.strip("| ").partition("|")[2].split(","):
            name = word.strip()
            if re.fullmatch(r"\w+\*?", name):
                plain = name.removesuffix("*")
                names += [f"aclnn{plain}"] + [f"aclnnInplace{plain}"] * name.endswith("*")
    return names


def exported() -> list[str]:
    home = discovery.default_host_homes()[0]
    names = elf.read(home / "lib64" / "libopapi.so").exports
    return sorted(name for name in names if f"{name}GetWorkspaceSize" in names)


def test_the_page_lists_every_operator_once() -> None:
    assert sorted(listed()) == exported()


def test_an_operator_that_refuses_is_not_one_that_is_there() -> None:
    lib64 = discovery.default_host_homes()[0] / "lib64"
    absent = elf.read(lib64 / "libabsent_operators.so").exports
    refusing = {name for name in absent if name.startswith("aclnn")}
    assert "aclnnConvolutionGetWorkspaceSize" in refusing
    assert not refusing & set(elf.read(lib64 / "libopapi.so").exports)
