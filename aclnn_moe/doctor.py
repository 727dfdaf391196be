# SPDX-License-Identifier: Apache-2.0
"""What this machine uses, why, and what is wrong with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aclnn_moe._ffi.discovery import Installation
    from aclnn_moe.buffer_size import Sizes
    from aclnn_moe.machine import Machine
    from aclnn_moe.opp import OperatorPackage
    from aclnn_moe.probe import Probe
    from aclnn_moe.torch_packages import TorchPackages

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
    torch_npu_import
        How `import torch_npu` went with the libraries; empty where torch_npu is not installed.

    Problems and warnings read "what is wrong; remedy: what mends it".
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
    torch_npu_import: str = ""

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

    Changes nothing; the libraries are loaded in a process of its own, and so is torch_npu where
    it is installed.

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
    from aclnn_moe import opp
    from aclnn_moe._ffi import discovery
    from aclnn_moe.machine import Machine
    from aclnn_moe.torch_packages import TorchPackages

    own = environ is None
    environ = os.environ if environ is None else environ
    installation: Installation | None = None
    problems: list[str] = []
    packages: list[OperatorPackage] = []
    tried: list[tuple[str, str]] = []
    try:
        installation = discovery.find(environ)
        tried = installation.tried
        packages = opp.packages(installation)
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
            problems.append(
                "the libraries load, but there is no device; remedy: see whether `npu-smi info` "
                "lists one, or export ACLNN_MOE_DEVICE=host to use the CPU"
            )
        problems += answers.missing.values()
    elif installation is not None:
        _judge_packages(installation, packages, problems)
    soc_name = "" if answers is None else answers.soc_name
    warnings = _warnings(environ, installation, packages, soc_name)
    if installation is not None and own:
        _judge_loaded(installation, problems, warnings)
    torch = TorchPackages.read()
    went = ""
    if torch.torch_npu:
        warnings += _skipped_by_torch_npu(packages)
        warnings += [each for each in (torch.misfit, torch.unfound_libraries(environ)) if each]
        if answers is not None and not answers.problem:
            went = _import_torch_npu(torch, environ, warnings)
    machine = Machine.read()
    buffer_mb = _buffer_mb(environ, problems)
    report = Report(
        installation=installation,
        tried=tried,
        packages=packages,
        probe=answers,
        versions=_versions(installation, torch),
        machine=machine,
        environment={
            name: environ[name] if name != _SECRET_VARIABLE else "(set)"
            for name in sorted(environ)
            if name.startswith(_SHOWN_VARIABLES)
        },
        buffer_mb=buffer_mb,
        sizes=sizes,
        problems=problems,
        warnings=warnings,
        torch_npu_import=went,
    )
    _judge_sizes(report)
    return report


def _judge_loaded(installation: Installation, problems: list[str], warnings: list[str]) -> None:
    """Compare what this very process has loaded, which may be older than its variables."""
    from aclnn_moe._ffi import discovery, mapped

    loader = sys.modules.get("aclnn_moe._ffi.loader")
    loaded = loader.installation() if loader else None
    if loaded is None:
        try:
            followed = mapped.follow(installation, mapped.mapped_libraries(), os.environ)
        except discovery.DiscoveryError as error:
            problems.append(error.summary)
        else:
            warnings += [followed.surprise] if followed is not installation else []
    elif loaded.home != installation.home:
        warnings.append(
            f"this process uses {loaded.home}, and one that starts now takes {installation.home}, "
            "which this report is about; remedy: start the program again to use it"
        )


def _judge_packages(
    installation: Installation, packages: list[OperatorPackage], problems: list[str]
) -> None:
    """Say from the files alone whether the operator can be found."""
    from aclnn_moe import opp

    if any(package.ok and package.functions for package in packages):
        return
    remedy = "install the package again, or name its vendor folder in ASCEND_CUSTOM_OPP_PATH"
    if installation.kind == "host" and installation.opp_path != installation.home / "opp":
        remedy = "unset ASCEND_OPP_PATH, which names the operators of another home"
    problems.append(
        f"no operator package of {installation.opp_path} exports {opp.OPERATOR}; remedy: {remedy}"
    )


def _skipped_by_torch_npu(packages: list[OperatorPackage]) -> list[str]:
    from aclnn_moe._ffi import vendors

    return [
        f"torch_npu skips the operator package {package.name}: {why}"
        for package in packages
        if package.library.name == vendors.LIBRARY.name
        and (why := vendors.skipped_by_torch_npu(package.library))
    ]


def _import_torch_npu(torch: TorchPackages, environ: Mapping[str, str], warnings: list[str]) -> str:
    from aclnn_moe.cli import environment

    failed = torch.try_import({**environ, **environment(environ)})
    if not failed:
        return "works by `aclnn-moe run -- python ...`"
    warnings.append(
        f"`import torch_npu` {failed}; remedy: see docs/troubleshooting.md, or export "
        "TORCH_DEVICE_BACKEND_AUTOLOAD=0 to use torch without it"
    )
    return failed


def _versions(installation: Installation | None, torch: TorchPackages) -> dict[str, str]:
    import platform
    from importlib import metadata

    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("aclnn-moe", "numpy", "ml_dtypes", "cffi", "rich"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    versions["torch"] = torch.torch or "not installed"
    versions["torch_npu"] = torch.torch_npu or "not installed"
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
    soc_name: str,
) -> list[str]:
    from aclnn_moe import opp, variables

    found = variables.contradictions(environ, installation)
    if installation is None:
        return found
    found += [each for each in (installation.surprise, _other_version(installation)) if each]
    found += [
        f"{path}: {what}"
        for path, what in installation.tried
        if what.startswith("skipped: ") or (path.endswith("libcust_opapi.so") and "missing" in what)
    ]
    for package in packages:
        found += [
            f"operator package {package.name}: {objection}"
            for objection in (
                package.problem,
                opp.wrong_chip(package, installation, soc_name),
                opp.wrong_compiler(package, installation),
            )
            if objection
        ]
    usable = [
        each for each in packages if each.ok and not opp.wrong_chip(each, installation, soc_name)
    ]
    return found + opp.shadowed(usable)


def _other_version(installation: Installation) -> str:
    """Say when another release's host device is used: the two are made for each other."""
    from importlib import metadata

    from aclnn_moe._ffi import discovery

    home = discovery.home_version(installation.home).get("Version", "")
    try:
        own = metadata.version("aclnn-moe")
    except metadata.PackageNotFoundError:
        return ""
    if installation.kind == "npu" or not home or home.split(".")[:2] == own.split(".")[:2]:
        return ""
    return (
        f"the host device at {installation.home} is version {home}, and aclnn-moe is {own}; "
        "remedy: unset ASCEND_HOME_PATH and ASCEND_OPP_PATH to use the one that came with it"
    )


def _judge_sizes(report: Report) -> None:
    required = report.required_mb
    if required is None or report.sizes is None:
        return
    if report.buffer_mb is not None and report.buffer_mb < required:
        report.problems.append(
            f"HCCL_BUFFSIZE is {report.buffer_mb} MB and this setting needs {required}; remedy: "
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
            f"{left // _MEGABYTE} MB of memory are left; remedy: fewer ranks, or fewer tokens"
        )
