# SPDX-License-Identifier: Apache-2.0
"""The commands aclnn-moe opp install | list | verify | uninstall.

What an install or an uninstall does is written once, in the package's own scripts: these commands
find the folder and run them.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from aclnn_moe import opp, opp_files, opp_load
from aclnn_moe._ffi import discovery, vendors

VENDOR = "aclnn_moe"

# How a .run of this project starts (cann_op/package/run_header.sh).
_RUN_START = b"#!/bin/sh\n{\npayload_bytes="


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give ``parser`` the four commands."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    install = commands.add_parser("install", help="install a package, custom_opp_<os>_<arch>.run")
    install.add_argument("file", type=Path, metavar="FILE.run")
    install.add_argument(
        "--force", action="store_true", help="also an older version; the rest as FILE.run --help"
    )
    install.add_argument("--install-for-all", action="store_true", help="all users may use it")
    install.add_argument(
        "--check", action="store_true", help="check that the file is whole, and install nothing"
    )
    install.set_defaults(command=_install)

    listed = commands.add_parser("list", help="packages in search order")
    listed.set_defaults(command=_list)

    verify = commands.add_parser("verify", help="check that the packages can serve here")
    verify.set_defaults(command=_verify)

    uninstall = commands.add_parser("uninstall", help="remove the package of this project")
    uninstall.set_defaults(command=_uninstall)

    for each in (install, uninstall):
        each.add_argument("--quiet", action="store_true", help="print errors only")
    for each in (install, verify, uninstall):
        each.add_argument(
            "--install-path",
            metavar="ABS",
            help="the package of ABS/vendors; by default those that this process would use",
        )


def _install(args: argparse.Namespace) -> int:
    with args.file.open("rb") as file:
        if file.read(len(_RUN_START)) != _RUN_START:
            raise ValueError(f"{args.file} is no operator package of this project (a .run)")
    words = [str(args.file.absolute())]
    words += [
        f"--{name.replace('_', '-')}"
        for name in ("force", "install_for_all", "check", "quiet")
        if getattr(args, name)
    ]
    variables = dict(os.environ)
    if args.install_path is not None:
        words.append(f"--install-path={args.install_path}")
    elif not args.check:
        variables["ASCEND_OPP_PATH"] = str(_default_opp())
    return _run_script(words, variables)


def _opp_path() -> Path:
    named = os.environ.get("ASCEND_OPP_PATH", "")
    if named and not Path(named).is_absolute():
        raise ValueError(f"ASCEND_OPP_PATH is {named}: want an absolute path")
    return discovery.find().opp_path


def _default_opp() -> Path:
    opp_path = _opp_path()
    for home in discovery.default_host_homes():
        if opp_path.resolve().is_relative_to(home.resolve()):
            raise ValueError(
                f"{opp_path} belongs to the Python package, which has the operator already; "
                "remedy: --install-path=ABS, or source CANN's set_env.sh to install there"
            )
    return opp_path


def _uninstall(args: argparse.Namespace) -> int:
    folder = _vendor_folder(args.install_path)
    script = folder / "scripts" / "uninstall.sh"
    if not script.is_file():
        raise ValueError(f"no package that a .run installed in {folder}; nothing was removed")
    # It runs with the rights of this process, as the library would.
    objection = vendors.writable_by_all(script, folder) or vendors.distrust(
        folder / vendors.LIBRARY
    )
    if objection:
        raise ValueError(objection)
    return _run_script([str(script), *(["--quiet"] if args.quiet else [])], dict(os.environ))


def _run_script(words: list[str], variables: dict[str, str]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    # In place of this process: a signal to it reaches the script, which puts back what was there.
    os.execve("/bin/sh", ["sh", *words], variables)


def _list(args: argparse.Namespace) -> int:
    found = discovery.find()
    rows = [("package", "version", "built for", "library")]
    packages = opp.packages(found)
    for package in packages:
        chips = ", ".join(package.chips) or "-"
        rows.append((package.name, package.version or "-", chips, str(package.library)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
    for package in packages:
        if package.problem:
            print(f"{package.name}: {package.problem}")
    for path, what in _unused(found):
        print(f"{path}: {what}")
    for text in opp.shadowed([each for each in packages if each.ok]):
        print(text)
    return 0


def _verify(args: argparse.Namespace) -> int:
    found = discovery.find()
    problems = []
    if args.install_path is None:
        libraries = found.vendor_libraries
        problems = [f"{path}: {what}" for path, what in _unused(found)]
    else:
        libraries = [_vendor_folder(args.install_path) / vendors.LIBRARY]
    soc_name = ""
    if found.kind == "npu":
        from aclnn_moe.probe import probe

        soc_name = probe().soc_name
    verified = 0
    for library in libraries:
        package = opp.read_package(library)
        # Packages of others have other operators, and are not judged by this one's.
        if package.ok and not package.functions and args.install_path is None:
            continue
        try:
            _check(package, found, soc_name)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        verified += 1
        print(f"ok: {package.name} {package.version} ({library})")
    if not verified and not problems:
        problems.append(f"no operator package has {opp.OPERATOR}")
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


def _check(package: opp.OperatorPackage, found: discovery.Installation, soc_name: str) -> None:
    folder = vendors.vendor_folder(package.library)
    if objection := vendors.unreadable(package.library):
        raise ValueError(objection)
    if not package.library.is_file():
        killed = folder.with_name(f".{folder.name}.old")
        if killed.is_dir():
            raise ValueError(f"an install of {folder} was killed; remedy: run the installer again")
        raise ValueError(f"{package.library} is missing; remedy: install the package again")
    if objection := vendors.distrust(package.library):
        raise ValueError(objection)
    opp_files.check_files(folder)
    opp_files.check_processor(folder)
    opp.verify(package, installation=found, soc_name=soc_name)
    if objection := opp.wrong_compiler(package, found):
        raise ValueError(f"operator package {package.name}: {objection}")
    if (folder / opp_files.MANIFEST).is_file():
        _check_own(package, found)


def _check_own(package: opp.OperatorPackage, found: discovery.Installation) -> None:
    """Check what only packages of this project promise: all functions, libraries that load."""
    if missing := [each for each in opp.OPERATOR_FUNCTIONS if each not in package.functions]:
        raise ValueError(f"{package.library} does not export {', '.join(missing)}")
    folders = [each for each in discovery.library_folders(found.home) if each.is_dir()]
    for library in opp_files.libraries(vendors.vendor_folder(package.library)):
        if reason := opp_load.why_not(library, folders):
            raise ValueError(
                f"{library} does not load with {found.home}: {reason}; remedy: install the package "
                "that goes with it, or build it on this system"
            )


def _vendor_folder(install_path: str | None) -> Path:
    if install_path is None:
        return _opp_path() / "vendors" / VENDOR
    if not Path(install_path).is_absolute():
        raise ValueError(f"--install-path={install_path}: want an absolute path")
    return Path(install_path) / "vendors" / VENDOR


def _unused(found: discovery.Installation) -> list[tuple[str, str]]:
    """Libraries of packages that the search passed over, with the reason."""
    return [
        (path, what)
        for path, what in found.tried
        if path.endswith(str(vendors.LIBRARY)) and what.startswith(("skipped: ", "missing: "))
    ]
