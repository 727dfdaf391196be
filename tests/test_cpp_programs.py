# SPDX-License-Identifier: Apache-2.0
"""ACL programs in C++: docs/cpp.md's own commands, the samples, the headers, find_package.

They need g++, which the package itself is built with: without it these tests fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aclnn_moe import cli

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "cpp"
LIBRARIES = ("-lascendcl", "-lnnopbase", "-lopapi", "-lhccl", "-lcust_opapi")
Done = subprocess.CompletedProcess[str]


def bare_environment() -> dict[str, str]:
    """A shell in which nobody has said where CANN is; commands of this environment are found."""
    prefixes = ("ASCEND_", "ACLNN_MOE_", "HCCL_", "CMAKE_")
    paths = ("LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH")
    kept = {n: v for n, v in os.environ.items() if n not in paths and not n.startswith(prefixes)}
    kept["PATH"] = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return kept | {"CMAKE_GENERATOR": "Ninja"}


def command(*words: str | Path, cwd: Path, **extra: str) -> Done:
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**bare_environment(), **cli.environment({}), **extra},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def expect_success(done: Done) -> None:
    assert (done.returncode, done.stderr) == (0, ""), (
        f"{done.returncode}\n{done.stderr}{done.stdout}"
    )


def documented(heading: str, number: int = 0) -> str:
    """Commands of docs/cpp.md below ``heading``."""
    text = (ROOT / "docs" / "cpp.md").read_text()
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[number]


def shell(commands: str, cwd: Path, **extra: str) -> Done:
    return subprocess.run(
        ["sh", "-ec", commands],
        cwd=cwd,
        env={**bare_environment(), **extra},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def compile_program(source: Path, program: Path, *options: str) -> Done:
    home = cli.environment({})["ASCEND_HOME_PATH"]
    folders = (f"-I{home}/include", f"-L{home}/lib64")
    words = ("g++", "-Wall", "-Wextra", "-Werror", *options, source, *folders, *LIBRARIES)
    return command(*words, "-o", program, cwd=source.parent)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the samples, compiled without a warning."""
    folder = tmp_path_factory.mktemp("programs")
    for source in SAMPLES.glob("*.cpp"):
        done = compile_program(source, folder / source.stem)
        expect_success(done)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the home in another place, with a space in its path."""
    copy = tmp_path / "moved home"
    shutil.copytree(cli.environment({})["ASCEND_HOME_PATH"], copy)
    return copy


# The commands of docs/cpp.md.


def test_documented_commands_compile_and_run_a_program(tmp_path: Path) -> None:
    folder = shutil.copytree(SAMPLES, tmp_path / "cpp")
    done = shell(documented("Compile and run"), folder)
    expect_success(done)
    assert sorted(done.stdout.splitlines()) == [
        "rank 0: rstd 1.0000, values are right",
        "rank 1: rstd 0.5000, values are right",
    ]


def test_documented_commands_with_the_package_named_need_no_other_exports(tmp_path: Path) -> None:
    folder = shutil.copytree(SAMPLES, tmp_path / "cpp")
    exports = cli.environment({})
    cann = {name: exports[name] for name in ("ASCEND_HOME_PATH", "ASCEND_OPP_PATH")}
    cann["LD_LIBRARY_PATH"] = f"{exports['ASCEND_HOME_PATH']}/lib64"
    done = shell(documented("Compile and run", 1), folder, **cann)
    expect_success(done)
    assert done.stdout.count("values are right") == 2


def test_documented_cmake_commands_build_and_run_the_samples(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES, tmp_path / "samples" / "cpp")
    done = shell(documented("CMake"), tmp_path)
    expect_success(done)
    assert done.stdout.count("3 layers, 0 wrong values") == 16
    done = shell(documented("Samples"), tmp_path)
    expect_success(done)
    assert done.stdout.count(" of 4: 3 layers, 0 wrong values") == 4
    # Built so, a program knows where its libraries are.
    done = shell("build/samples/two_ranks", tmp_path)
    expect_success(done)


def test_documentation_names_every_sample() -> None:
    text = (ROOT / "docs" / "cpp.md").read_text()
    cmake = (SAMPLES / "CMakeLists.txt").read_text()
    for source in SAMPLES.glob("*.cpp"):
        assert f"`{source.name}`" in text
        assert source.stem in cmake
    for header in SAMPLES.glob("*.h"):
        assert f"`{header.name}`" in text


# The samples.


def test_the_minimal_sample_has_less_than_100_lines() -> None:
    assert len((SAMPLES / "two_ranks.cpp").read_text().splitlines()) < 100


def test_sixteen_threads_agree_with_the_plain_layer(programs: Path) -> None:
    done = command(programs / "sixteen_threads", cwd=programs)
    expect_success(done)
    wanted = [f"device {device:2d}: 3 layers, 0 wrong values" for device in range(16)]
    assert done.stdout.splitlines() == wanted


def test_the_plain_layer_sees_a_wrong_expert(tmp_path: Path) -> None:
    folder = shutil.copytree(SAMPLES, tmp_path / "cpp")
    layer = (folder / "moe_layer.h").read_text()
    changed = layer.replace("rows[i] = Expert(expert,", "rows[i] = Expert(expert ^ 1,")
    assert changed != layer
    (folder / "moe_layer.h").write_text(changed)
    done = compile_program(folder / "sixteen_threads.cpp", tmp_path / "program")
    expect_success(done)
    done = command(tmp_path / "program", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    # Each device: 3 layers of (BS, H) = (16, 2048), most of x and y wrong and every rstd.
    for line in done.stdout.splitlines():
        assert int(line.split()[-3]) > 3 * 16 * 2048


def run_ranks(programs: Path, ranks: int, file: Path, **extra: str) -> list[Done]:
    started = [
        subprocess.Popen(
            [programs / "rank_processes", str(rank), str(ranks), file],
            env={**bare_environment(), **cli.environment({}), **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(ranks)
    ]
    done = []
    for process in started:
        out, err = process.communicate(timeout=120)
        done.append(subprocess.CompletedProcess([], process.returncode, out, err))
    return done


@pytest.mark.parametrize("ranks", [2, 5])
def test_rank_processes_find_one_another_by_a_file(
    programs: Path, tmp_path: Path, ranks: int
) -> None:
    file = tmp_path / "root info"
    for rank, done in enumerate(run_ranks(programs, ranks, file)):
        expect_success(done)
        assert done.stdout == f"rank {rank} of {ranks}: 3 layers, 0 wrong values\n"
    assert not file.exists()


def test_rank_zero_refuses_the_file_of_another_run(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "root_info").write_bytes(b"old")
    done = command(programs / "rank_processes", "0", "2", "root_info", cwd=tmp_path)
    assert done.returncode == 1
    assert "root_info is there already" in done.stderr
    assert (tmp_path / "root_info").read_bytes() == b"old"


@pytest.mark.parametrize("words", [(), ("0", "1", "file"), ("2", "2", "file"), ("-1", "2", "file")])
def test_rank_processes_say_how_they_are_used(programs: Path, words: tuple[str, ...]) -> None:
    done = command(programs / "rank_processes", *words, cwd=programs)
    assert done.returncode == 2
    assert "usage: " in done.stderr


# Programs that are wrong.


def test_a_small_buffer_ends_the_program_with_the_megabytes_needed(programs: Path) -> None:
    done = command(programs / "sixteen_threads", cwd=programs, HCCL_BUFFSIZE="1")
    assert (done.returncode, done.stdout) == (1, "")
    first = done.stderr.splitlines()[0]
    assert first.startswith("aclnnMoeDistributeDispatchV2GetWorkspaceSize: status 561002: ")
    assert "HCCL_BUFFSIZE" in first
    assert "2 MB" in first


def test_a_small_buffer_ends_every_process(programs: Path, tmp_path: Path) -> None:
    for done in run_ranks(programs, 2, tmp_path / "file", HCCL_BUFFSIZE="x"):
        assert done.returncode == 1
        assert "HCCL_BUFFSIZE" in done.stderr


def test_a_device_that_is_not_there_ends_the_program_with_a_text(programs: Path) -> None:
    words = ("16", "17", "file")
    done = command(programs / "rank_processes", *words, cwd=programs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("aclrtSetDevice: status 107001: ")
    assert "ACLNN_MOE_HOST_DEVICES" in done.stderr
    done = command(programs / "sixteen_threads", cwd=programs, ACLNN_MOE_HOST_DEVICES="8")
    assert (done.returncode, done.stderr) == (1, "want 16 devices, there are 8\n")


def test_an_operator_that_is_not_there_is_missed_by_its_name(tmp_path: Path) -> None:
    source = tmp_path / "program.cpp"
    source.write_text(
        'extern "C" int aclnnNoSuchOperator();\nint main() { aclnnNoSuchOperator(); }\n'
    )
    done = compile_program(source, tmp_path / "program")
    assert done.returncode == 1
    assert "undefined reference to `aclnnNoSuchOperator'" in done.stderr
    source.write_text('#include "aclnnop/aclnn_no_such_operator.h"\nint main() {}\n')
    done = compile_program(source, tmp_path / "program")
    assert "aclnnop/aclnn_no_such_operator.h: No such file" in done.stderr


# Headers.


def headers(*folders: str) -> list[str]:
    include = Path(cli.environment({})["ASCEND_HOME_PATH"]) / "include"
    found = (path for folder in folders for path in (include / folder).rglob("*.h"))
    return sorted(str(path.relative_to(include)) for path in found)


def check_headers_alone(names: list[str], tmp_path: Path, compiler: str, standard: str) -> None:
    suffix = "c" if compiler == "gcc" else "cpp"
    for number, name in enumerate(names):
        # Twice, as it must guard itself; C wants more in a file than macros.
        text = f'#include "{name}"\n#include <{name}>\nextern int nothing;\n'
        (tmp_path / f"{number}.{suffix}").write_text(text)
    options = (f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-pedantic")
    include = f"-I{cli.environment({})['ASCEND_HOME_PATH']}/include"
    sources = (f"{number}.{suffix}" for number in range(len(names)))
    done = command(compiler, *options, include, *sources, cwd=tmp_path)
    expect_success(done)


def test_the_home_has_the_headers_of_cann_and_of_the_package() -> None:
    assert {
        "acl/acl.h",
        "hccl/hccl.h",
        "hccl/hccl_types.h",
        "aclnn/acl_meta.h",
        "aclnn/aclnn_base.h",
        "aclnnop/aclnn_moe_distribute_dispatch.h",
        "aclnnop/aclnn_moe_distribute_dispatch_v2.h",
        "aclnnop/aclnn_moe_distribute_dispatch_v3.h",
        "aclnnop/aclnn_moe_distribute_combine_add_rms_norm.h",
        "aclnnop/aclnn_moe_distribute_combine_add_rms_norm_v2.h",
    } <= set(headers("acl", "hccl", "aclnn", "aclnnop"))
    exports = cli.environment({})
    of_home = Path(exports["ASCEND_HOME_PATH"]) / "include"
    of_package = Path(exports["ASCEND_OPP_PATH"]) / "vendors" / "aclnn_moe" / "op_api" / "include"
    names = [path.relative_to(of_package) for path in of_package.rglob("*.h")]
    assert len(names) == 2
    for name in names:
        assert (of_home / name).read_text() == (of_package / name).read_text()


@pytest.mark.parametrize("standard", ["c++11", "c++14", "c++17", "c++20"])
def test_every_header_compiles_alone_as_cpp(tmp_path: Path, standard: str) -> None:
    names = headers("acl", "hccl", "aclnn", "aclnnop")
    check_headers_alone(names, tmp_path, "g++", standard)


@pytest.mark.parametrize("standard", ["c99", "c11"])
def test_headers_of_acl_and_hccl_compile_alone_as_c(tmp_path: Path, standard: str) -> None:
    check_headers_alone(headers("acl", "hccl"), tmp_path, "gcc", standard)


@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_a_program_of_another_standard_links(tmp_path: Path, standard: str) -> None:
    source = tmp_path / "program.cpp"
    source.write_text(
        '#include "acl/acl.h"\n#include "aclnn/aclnn_base.h"\n#include "hccl/hccl.h"\n'
        "int main() { HcclCommConfig config; HcclCommConfigInit(&config);\n"
        "  return aclInit(nullptr) + aclnnInit(nullptr) + aclnnFinalize() + aclFinalize(); }\n"
    )
    done = compile_program(source, tmp_path / "program", f"-std={standard}")
    expect_success(done)
    assert command(tmp_path / "program", cwd=tmp_path).returncode == 0


# find_package.


def configure(folder: Path, find: str, *options: str, **extra: str) -> Done:
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(program LANGUAGES CXX)\n"
        f"find_package(aclnn_moe_host {find})\nfind_package(aclnn_moe_host QUIET)\n"
        "add_executable(program program.cpp)\n"
        "target_link_libraries(program PRIVATE aclnn_moe_host::ascendcl)\n"
        'file(WRITE "${CMAKE_BINARY_DIR}/home" "${aclnn_moe_host_HOME}")\n'
    )
    (folder / "program.cpp").write_text(
        '#include "acl/acl.h"\nint main() { return aclInit(nullptr); }\n'
    )
    words = ["cmake", "-S", ".", "-B", "build", *options]
    return subprocess.run(
        words,
        cwd=folder,
        env={**bare_environment(), **extra},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("way", ["prefix", "folder", "home"])
def test_find_package_takes_a_home_that_was_moved(home: Path, tmp_path: Path, way: str) -> None:
    find, options, extra = {
        "prefix": ("REQUIRED", [], {"CMAKE_PREFIX_PATH": str(home)}),
        "folder": ("REQUIRED", [f"-Daclnn_moe_host_DIR={home}/share/cmake/aclnn_moe_host"], {}),
        "home": ("REQUIRED HINTS $ENV{ASCEND_HOME_PATH}", [], {"ASCEND_HOME_PATH": str(home)}),
    }[way]
    done = configure(tmp_path, find, *options, **extra)
    expect_success(done)
    assert (tmp_path / "build" / "home").read_text() == str(home)
    done = shell("cmake --build build && build/program && ldd build/program", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"libascendcl.so => {home}/lib64/libascendcl.so" in done.stdout


@pytest.mark.parametrize(
    ("find", "text"),
    [
        ("9.0 REQUIRED", 'version "9.0"'),
        ("REQUIRED COMPONENTS torch", "no components, 'torch' came"),
    ],
)
def test_find_package_refuses_what_it_does_not_have(
    home: Path, tmp_path: Path, find: str, text: str
) -> None:
    done = configure(tmp_path, find, CMAKE_PREFIX_PATH=str(home))
    assert done.returncode == 1
    assert text in " ".join(done.stderr.split())


def test_find_package_names_a_library_that_is_missing(home: Path, tmp_path: Path) -> None:
    (home / "lib64" / "libhccl.so").unlink()
    done = configure(tmp_path, "REQUIRED", CMAKE_PREFIX_PATH=str(home))
    assert done.returncode == 1
    assert "lib64/libhccl.so is missing" in " ".join(done.stderr.split())
