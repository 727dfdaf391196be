# SPDX-License-Identifier: Apache-2.0
"""Operator packages: which ones there are, in CANN's search order, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aclnn_moe._ffi import discovery, elf
from aclnn_moe._ffi.vendors import LIBRARY

OPERATOR = "aclnnMoeDistributeCombineAddRmsNorm"

# First and second phase of both signatures.
OPERATOR_FUNCTIONS = tuple(
    f"{OPERATOR}{signature}{phase}"
    for signature in ("", "V2")
    for phase in ("GetWorkspaceSize", "")
)


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
    problem
        Why the library cannot serve; empty when it can.
    """

    name: str
    library: Path
    version: str
    functions: tuple[str, ...]
    problem: str

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
    version = discovery.home_version(found.home)
    listed.append(_read("libopapi", own, version.get("Version", version.get("version", ""))))
    return listed


def read_package(library: Path) -> OperatorPackage:
    """Read the package whose ``op_api/lib/libcust_opapi.so`` is ``library``."""
    folder = library.parents[len(LIBRARY.parts) - 1]
    version = discovery.home_version(folder)
    return _read(folder.name, library, version.get("Version", version.get("version", "")))


def verify(package: OperatorPackage) -> None:
    """Check that ``package`` can serve this project's operator on this machine.

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


def _read(name: str, library: Path, version: str) -> OperatorPackage:
    try:
        shared = elf.read(library)
    except (OSError, ValueError) as error:
        return OperatorPackage(name, library, version, (), str(error))
    problem = ""
    if not shared.fits_this_machine:
        problem = f"{library} is built for {shared.machine}"
    functions = tuple(each for each in OPERATOR_FUNCTIONS if each in shared.exports)
    return OperatorPackage(name, library, version, functions, problem)
