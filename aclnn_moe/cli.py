# SPDX-License-Identifier: Apache-2.0
"""The commands: aclnn-moe demo | doctor | env | opp | run -- CMD | trace [-- CMD]."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CANNOT_RUN = 126
_NOT_FOUND = 127


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(words[:1])
    # argparse would take the options of CMD for its own.
    if words[:1] == ["run"]:
        return _run(parser, words[1:])
    words, program = _split(words)
    args = parser.parse_args(words)
    if program and words[:1] != ["trace"]:
        parser.error(f"{words[0] if words else ''}: takes no program after --")
    args.program = program
    try:
        status: int = args.command(args)
    except (OSError, ValueError) as error:
        print(f"aclnn-moe {words[0]}: {error}", file=sys.stderr)
        return 1
    return status


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return what is before ``--`` and what is after it."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that a program needs to use what this package would use.

    Parameters
    ----------
    environ
        Variables to start from; ``os.environ`` by default.

    Raises
    ------
    OSError
        No usable CANN home.
    """
    from aclnn_moe._ffi import discovery

    environ = os.environ if environ is None else environ
    found = discovery.find(environ)
    packages = [library.parent for library in found.vendor_libraries]
    paths = {
        "LD_LIBRARY_PATH": [*found.library_dirs, *packages],
        # The compiler's own, so that -lcust_opapi and its headers need no options.
        "LIBRARY_PATH": packages,
        "CPATH": [folder.parent / "include" for folder in packages],
        "CMAKE_PREFIX_PATH": [found.home],
    }
    variables = {
        "ACLNN_MOE_DEVICE": found.kind,
        "ASCEND_HOME_PATH": str(found.home),
        "ASCEND_TOOLKIT_HOME": str(found.home),
        "ASCEND_OPP_PATH": str(found.opp_path),
    }
    for name, folders in paths.items():
        # Nothing to add leaves a variable alone: g++ takes an empty one for the current folder.
        if folders:
            variables[name] = _before(folders, environ.get(name, ""))
    return variables


def _before(folders: Sequence[Path], value: str) -> str:
    # An empty entry would mean the current folder.
    kept = [entry for entry in value.split(":") if entry]
    return ":".join(dict.fromkeys([*map(str, folders), *kept]))


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aclnn-moe",
        description="MoE dispatch and combine + add + RMSNorm, on an NPU or on the CPU.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="route tokens over many ranks and check every number")
    if words == ["demo"]:  # it brings in numpy, which the others do not need
        from aclnn_moe import demo as demonstration

        demonstration.add_arguments(demo)
        demo.set_defaults(command=demonstration.run)

    doctor = commands.add_parser("doctor", help="say what this machine uses, and what is wrong")
    doctor.set_defaults(command=_doctor, parser=doctor)
    sizes = doctor.add_argument_group(
        "a setting", "the HCCL_BUFFSIZE it needs is computed; give the first five together"
    )
    sizes.add_argument("--bs", type=int, help="tokens of the rank that has most")
    sizes.add_argument("--h", type=int, help="hidden size")
    sizes.add_argument("--k", type=int, help="experts per token")
    sizes.add_argument("--experts", type=int, help="MoE experts of all ranks (moe_expert_num)")
    sizes.add_argument("--ep", type=int, help="ranks (ep_world_size)")
    sizes.add_argument("--shared-expert-num", type=int, default=1, metavar="N")
    sizes.add_argument("--shared-expert-rank-num", type=int, default=0, metavar="N")

    env = commands.add_parser("env", help="print the exports that other programs need")
    env.set_defaults(command=_env)

    packages = commands.add_parser("opp", help="install, list, verify, uninstall operator packages")
    if words == ["opp"]:
        from aclnn_moe import opp_commands

        opp_commands.add_arguments(packages)

    run = commands.add_parser(
        "run", help="run a program with them", usage="aclnn-moe run -- CMD [ARGUMENT ...]"
    )
    run.add_argument("words", nargs="*", metavar="CMD")

    trace = commands.add_parser(
        "trace",
        help="run a program on the Ascend C kernel, and show what the kernel did",
        usage="aclnn-moe trace [OPTION ...] [-- CMD [ARGUMENT ...]]",
        epilog="Without CMD, the demo runs on two ranks.",
    )
    if words == ["trace"]:
        from aclnn_moe import trace_command

        trace_command.add_arguments(trace)
        trace.set_defaults(command=_trace)
    return parser


def _trace(args: argparse.Namespace) -> int:
    from aclnn_moe import trace_command

    return trace_command.run(args, args.program, {**os.environ, **environment()})


def _doctor(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.text import Text

    from aclnn_moe.buffer_size import Sizes
    from aclnn_moe.doctor import doctor
    from aclnn_moe.report import tables, verdict

    given = {name: getattr(args, name) for name in ("bs", "h", "k", "experts", "ep")}
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if 0 < len(missing) < len(given):
        args.parser.error(f"a setting also needs {', '.join(missing)}")
    sizes = None
    if not missing:
        sizes = Sizes(
            bs=args.bs,
            h=args.h,
            k=args.k,
            moe_expert_num=args.experts,
            ep_world_size=args.ep,
            shared_expert_num=args.shared_expert_num,
            shared_expert_rank_num=args.shared_expert_rank_num,
        )
        sizes.required_buffer_mb()  # refuses numbers out of range before the tables are printed
    with Console(stderr=True).status("asking the libraries, and torch_npu where it is installed"):
        report = doctor(sizes=sizes)
    console = Console(soft_wrap=True, highlight=False)
    for line in tables(report):
        console.print(Text(line, style="" if line.startswith(" ") else "bold"))
    for line in verdict(report):
        style = "red" if line.startswith("problem") else "yellow" if line[:4] == "warn" else "bold"
        console.print(Text(line, style="" if line.startswith(" ") else style))
    return 0 if report.ok else 1


def _env(args: argparse.Namespace) -> int:
    for name, value in environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _run(parser: argparse.ArgumentParser, words: list[str]) -> int:
    if words[:1] in (["-h"], ["--help"]):
        parser.parse_args(["run", "--help"])
    command = words[1:] if words[:1] == ["--"] else words
    if not command:
        parser.error("run: no command; usage: aclnn-moe run -- CMD [ARGUMENT ...]")
    if command is words and command[0].startswith("-"):
        parser.error(
            f"run: unknown option {command[0]}; usage: aclnn-moe run -- CMD [ARGUMENT ...]"
        )
    try:
        added = environment()
    except (OSError, ValueError) as error:
        print(f"aclnn-moe run: {error}", file=sys.stderr)
        return 1
    return _replace_process(command, {**os.environ, **added})


def _replace_process(command: list[str], environ: dict[str, str]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], command, environ)
    except OSError as error:
        print(f"aclnn-moe run: {command[0]}: {error.strerror}", file=sys.stderr)
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
