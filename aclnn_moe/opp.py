# SPDX-License-Identifier: Apache-2.0
"""Operator packages: which ones there are, in CANN's search order, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aclnn_moe._ffi import chips, discovery, elf
from aclnn_moe._ffi.vendors import vendor_folder

OPERATOR = "aclnnMoeDistributeCombineAddRmsNorm"

# First and second phase of both signatures.
OPERATOR_FUNCTIONS = tuple(
    f"{OPERATOR}{signature}{phase}"
    for signature in ("", "V2")
    for phase in ("GetWorkspaceSize", "")
)

_FIRST_PHASE = "GetWorkspaceSize"

# A package that replaces many of CANN's operators would fill the screen.
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class OperatorPackage:
    """One library that the search for an operator visits.

    Attributes
    ----------
    name
        The vendor's name; 'libopapi' for CANN's own operators.
    library
        The shared library.
    version
        From the package's version.info; empty without one.
    functions
        Functions of this project's operator that the library exports.
    operators
        All operators that the library exports both phases of.
    chips
        What the package is built for, as CANN's builds name it; empty when it does not say.
    compiler_version
        Of the CANN that built the package; empty when it does not say.
    problem
        Why the library cannot serve; empty when it can.
    """

    name: str
    library: Path
    version: str
    functions: tuple[str, ...]
    problem: str
    operators: frozenset[str] = frozenset()
    chips: tuple[str, ...] = ()
    compiler_version: str = ""

    @property
    def ok(self) -> bool:
        """Whether the library can be loaded, as far as its file shows."""
        return not self.problem


def packages(installation: discovery.Installation | None = None) -> list[OperatorPackage]:
    """Operator packages in the order in which an operator is looked for; libopapi.so comes last.

    Parameters
    ----------
    installation
        The home to search; the one of this process by default.

    Raises
    ------
    OSError
        No home was found (`discovery.DiscoveryError`).
    """
    found = discovery.find() if installation is None else installation
    listed = [read_package(library) for library in found.vendor_libraries]
    own = found.library("libopapi.so")
    listed.append(_read("libopapi", own, discovery.home_version(found.home), ()))
    return listed


def read_package(library: Path) -> OperatorPackage:
    """Read the package whose ``op_api/lib/libcust_opapi.so`` is ``library``."""
    folder = vendor_folder(library)
    fields = discovery.home_version(folder)
    return _read(folder.name, library, fields, chips.package_chips(folder))


def verify(
    package: OperatorPackage,
    *,
    installation: discovery.Installation | None = None,
    soc_name: str = "",
) -> None:
    """Check that ``package`` can serve this project's operator on this machine.

    Parameters
    ----------
    package
        The package.
    installation
        The home it has to run with; its chip is not judged without one.
    soc_name
        Die of the NPU, as aclrtGetSocName names it.

    Raises
    ------
    ValueError
        It cannot; the message says why.
    """
    if package.problem:
        raise ValueError(f"operator package {package.name}: {package.problem}")
    for phase in OPERATOR_FUNCTIONS[:2]:
        if phase not in package.functions:
            raise ValueError(
                f"operator package {package.name}: {package.library} does not export {phase}"
            )
    if installation and (objection := wrong_chip(package, installation, soc_name)):
        raise ValueError(f"operator package {package.name}: {objection}")


def wrong_chip(
    package: OperatorPackage, installation: discovery.Installation, soc_name: str = ""
) -> str:
    """Why ``package`` is not for the device of ``installation``; empty when it is, or may be."""
    return chips.objection(
        package.chips, kind=installation.kind, soc_name=soc_name, home=installation.home
    )


def wrong_compiler(package: OperatorPackage, installation: discovery.Installation) -> str:
    """Why the CANN that built ``package`` does not go with the home; empty when it may.

    CANN's compiler says which packages it takes: ``required_opp_abi_version=">=6.3, <=7.7"``.
    """
    fields = discovery.home_version(installation.home / "compiler")
    wanted = fields.get("required_opp_abi_version", "").strip('"')
    built = _numbers(package.compiler_version)
    limits = re.findall(r"([<>]=)\s*(\d+\.\d+)", wanted)
    fits = all(
        built >= _numbers(limit) if sign == ">=" else built <= _numbers(limit)
        for sign, limit in limits
    )
    if not built or fits:
        return ""
    return (
        f"built with CANN's compiler {package.compiler_version}, and the CANN at "
        f"{installation.home} takes {wanted}; remedy: install the package that is built for this "
        "CANN, or build it again with it"
    )


def shadowed(listed: Sequence[OperatorPackage]) -> list[str]:
    """Texts on operators that more than one package has, each with the way to choose.

    Parameters
    ----------
    listed
        Usable packages in search order.
    """
    texts = []
    for i, first in enumerate(listed):
        for second in listed[i + 1 :]:
            both = sorted(first.operators & second.operators)
            if not both:
                continue
            names = ", ".join(both[:_NAMES_SHOWN])
            if len(both) > _NAMES_SHOWN:
                names += f" and {len(both) - _NAMES_SHOWN} more"
            texts.append(
                f"two packages have {names}: {_place(first)} comes first and is used, "
                f"{_place(second)} is not; remedy, if the other is meant: name its vendor folder "
                "first in ASCEND_CUSTOM_OPP_PATH, or its name first in load_priority of "
                "opp/vendors/config.ini"
            )
    return texts


def _place(package: OperatorPackage) -> str:
    version = f" {package.version}" if package.version else ""
    return f"{package.name}{version} ({package.library})"


def _numbers(version: str) -> tuple[int, ...]:
    """First two numbers of a version: what CANN's rules compare."""
    return tuple(int(each) for each in re.findall(r"\d+", version)[:2])


def _read(
    name: str, library: Path, fields: dict[str, str], built_for: tuple[str, ...]
) -> OperatorPackage:
    version = fields.get("Version", fields.get("version", ""))
    compiler = fields.get("custom_opp_compiler_version", "")
    try:
        shared = elf.read(library)
    except (OSError, ValueError) as error:
        problem = f"{error}; remedy: install the package again"
        return OperatorPackage(name, library, version, (), problem, chips=built_for)
    problem = ""
    if not shared.fits_this_machine:
        problem = f"{library} is {elf.wrong_machine(shared)}"
    return OperatorPackage(
        name,
        library,
        version,
        tuple(each for each in OPERATOR_FUNCTIONS if each in shared.exports),
        problem,
        frozenset(
            each.removesuffix(_FIRST_PHASE)
            for each in shared.exports
            if each.endswith(_FIRST_PHASE) and each.removesuffix(_FIRST_PHASE) in shared.exports
        ),
        built_for,
        compiler,
    )
