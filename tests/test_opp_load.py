# SPDX-License-Identifier: Apache-2.0
"""Loading a package's library in a process of its own, whatever the library does there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aclnn_moe import opp_load

pytestmark = pytest.mark.skipif(not shutil.which("g++"), reason="g++ is missing")


def build(folder: Path, source: str, name: str = "library", *options: str) -> Path:
    library = folder / f"lib{name}.so"
    words = ["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", str(library), *options]
    subprocess.run(words, input=source.encode(), check=True)
    return library


def test_a_library_that_loads_has_no_reason(tmp_path: Path) -> None:
    assert opp_load.why_not(build(tmp_path, "int x;"), []) == ""


def test_folders_given_are_where_its_own_libraries_are_found(tmp_path: Path) -> None:
    lower = tmp_path / "a folder"
    lower.mkdir()
    build(lower, 'extern "C" int wanted() { return 1; }', "lower")
    source = 'extern "C" int wanted(); int x = wanted();'
    library = build(tmp_path, source, "upper", f"-L{lower}", "-llower")
    assert opp_load.why_not(library, [lower]) == ""
    assert "liblower.so: cannot open shared object file" in opp_load.why_not(library, [])


def test_functions_that_nobody_has_are_named(tmp_path: Path) -> None:
    library = build(tmp_path, 'extern "C" void nowhere(); void f() { nowhere(); }')
    assert "undefined symbol: nowhere" in opp_load.why_not(library, [])


def test_a_library_that_ends_the_process_does_not_end_this_one(tmp_path: Path) -> None:
    library = build(tmp_path, "#include <cstdlib>\nstruct A { A() { _Exit(7); } } a;")
    assert opp_load.why_not(library, []) == "loading it ended with status 7"


def test_a_library_that_hangs_is_given_up(tmp_path: Path) -> None:
    library = build(tmp_path, "#include <unistd.h>\nstruct A { A() { pause(); } } a;")
    assert opp_load.why_not(library, [], timeout=0.5) == "loading it did not end within 0.5 s"
