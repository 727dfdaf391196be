# SPDX-License-Identifier: Apache-2.0
"""What this machine uses, why, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aclnn_moe._ffi.discovery import Installation
    from aclnn_moe.buffer_size import Sizes
    from aclnn_moe.machine import Machine
    from aclnn_moe.opp import OperatorPackage
    from aclnn_moe.probe import Probe

_DEFAULT_BUFFER_MB = 200
_MEGABYTE = 1 << 20

_SECRET_VARIABLE = "ACLNN_MOE_RENDEZVOUS_KEY"
_SHOWN_VARIABLES = ("ACLNN_MOE_", "ASCEND_", "HCCL_", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Section:
    """A table of the report."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Report:
    """What `doctor` found.

    Attributes
    ----------
    installation
        The home that is used; None when there is none.
    tried
        Every path looked at, with what was found there.
    packages
        Operator packages in search order.
    probe
        What the loaded libraries answered; None when there is no home.
    versions
        Of Python and of the packages used.
    machine
        Memory and limits.
    environment
        The variables that matter, as they are set.
    buffer_mb
        HCCL_BUFFSIZE as it stands; None when it is malformed.
    sizes
        The setting asked about, if any.
    problems
        What keeps the operator from working; empty when nothing does.
    warnings
        What may surprise.
    """

    installation: Installation | None
    tried: list[tuple[str, str]]
    packages: list[OperatorPackage]
    probe: Probe | None
    versions: dict[str, str]
    machine: Machine
    environment: dict[str, str]
    buffer_mb: int | None
    sizes: Sizes | None = None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing keeps the operator from working."""
        return not self.problems

    @property
    def required_mb(self) -> int | None:
        """Megabytes that the setting asked about needs; None when none was given."""
        return None if self.sizes is None else self.sizes.required_buffer_mb()

    def sections(self) -> list[Section]:
        """Return the report as tables."""
        from aclnn_moe import report

        return report.sections(self)

    def __str__(self) -> str:
        from aclnn_moe import report

        return report.text(self)


def doctor(
    *,
    sizes: Sizes | None = None,
    environ: Mapping[str, str] | None = None,
    load: bool = True,
) -> Report:
    """Look at this machine: which CANN or host device is used and why, and what is wrong.

    Changes nothing; the libraries are loaded in a process of its own.

    Parameters
    ----------
    sizes
        A setting, to have HCCL_BUFFSIZE checked for it.
    environ
        Variables to judge; ``os.environ`` by default. Others than those are not loaded with.
    load
        Whether to load the libraries and ask them.

    Raises
    ------
    ValueError
        ``sizes`` holds a number that is out of its range.
    """
    from aclnn_moe._ffi import discovery
    from aclnn_moe.machine import Machine

    own = environ is None
    environ = os.environ if environ is None else environ
    installation: Installation | None = None
    problems: list[str] = []
    packages: list[OperatorPackage] = []
    tried: list[tuple[str, str]] = []
    try:
        installation = discovery.find(environ)
        tried = installation.tried
        packages = _packages(installation, problems)
    except discovery.DiscoveryError as error:
        tried = error.tried
        problems.append(error.summary)
    except ValueError as error:
        problems.append(str(error))
    answers: Probe | None = None
    if installation is not None and load and own:
        from aclnn_moe.probe import probe

        answers = probe()
        if answers.problem:
            problems.append(answers.problem)
        elif not answers.devices:
            problems.append("the libraries load, but there is no device")
        problems += [answers.operators[name] for name in answers.missing]
    machine = Machine.read()
    buffer_mb = _buffer_mb(environ, problems)
    report = Report(
        installation=installation,
        tried=tried,
        packages=packages,
        probe=answers,
        versions=_versions(installation),
        machine=machine,
        environment={
            name: environ[name] if name != _SECRET_VARIABLE else "(set)"
            for name in sorted(environ)
            if name.startswith(_SHOWN_VARIABLES)
        },
        buffer_mb=buffer_mb,
        sizes=sizes,
        problems=problems,
        warnings=_warnings(environ, installation, packages),
    )
    _judge_sizes(report)
    return report


def _packages(installation: Installation, problems: list[str]) -> list[OperatorPackage]:
    from aclnn_moe import opp

    packages = opp.packages(installation)
    if not any(package.ok and package.functions for package in packages):
        problems.append(
            f"no operator package of {installation.home} exports {opp.OPERATOR}; install the "
            "package again, or name its vendor folder in ASCEND_CUSTOM_OPP_PATH"
        )
    return packages


def _versions(installation: Installation | None) -> dict[str, str]:
    import platform
    from importlib import metadata

    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("aclnn-moe", "numpy", "ml_dtypes", "cffi", "rich"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    if installation is not None:
        from aclnn_moe._ffi import discovery

        fields = discovery.home_version(installation.home)
        known = fields.get("Version") or fields.get("version") or "no version file"
        versions["host device" if installation.kind == "host" else "CANN"] = known
    return versions


def _buffer_mb(environ: Mapping[str, str], problems: list[str]) -> int | None:
    text = environ.get("HCCL_BUFFSIZE", "").strip()
    if not text:
        return _DEFAULT_BUFFER_MB
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    problems.append(f"HCCL_BUFFSIZE is {text!r}: want megabytes, a whole number of at least 1")
    return None


def _warnings(
    environ: Mapping[str, str],
    installation: Installation | None,
    packages: list[OperatorPackage],
) -> list[str]:
    from pathlib import Path

    found = [
        f"{name} names {environ[name]}, which does not exist"
        for name in ("ASCEND_HOME_PATH", "ASCEND_OPP_PATH", "ASCEND_TOOLKIT_HOME")
        if environ.get(name) and not Path(environ[name]).is_dir()
    ]
    if environ.get("ASCEND_OPP_PATH") and not environ.get("ASCEND_HOME_PATH"):
        found.append("ASCEND_OPP_PATH is set without ASCEND_HOME_PATH: half of CANN's set_env.sh")
    if installation is not None:
        found += [
            f"{path}: {what}"
            for path, what in installation.tried
            if what.startswith("skipped: ")
            or (path.endswith("libcust_opapi.so") and what == "missing")
        ]
    found += [f"operator package {each.name}: {each.problem}" for each in packages if each.problem]
    return found


def _judge_sizes(report: Report) -> None:
    required = report.required_mb
    if required is None or report.sizes is None:
        return
    if report.buffer_mb is not None and report.buffer_mb < required:
        report.problems.append(
            f"HCCL_BUFFSIZE is {report.buffer_mb} MB and this setting needs {required}: "
            f"export HCCL_BUFFSIZE={required}, or give the communicator buffer_mb={required}"
        )
    left = report.machine.memory_left
    ranks = report.sizes.ep_world_size
    if (
        report.installation is not None
        and report.installation.kind == "host"
        and left is not None
        and left < ranks * required * _MEGABYTE
    ):
        report.warnings.append(
            f"{ranks} ranks on this machine touch up to {ranks * required} MB of windows, and "
            f"{left // _MEGABYTE} MB of memory are left"
        )
