# SPDX-License-Identifier: Apache-2.0
"""Which chips an operator package is built for, and whether the device's is one of them.

A package of CANN keeps its kernels in a folder per chip, named as CANN's builds name it
('ascend910_93'), while the runtime names the very die ('Ascend910_9391'). A package may also say so
itself, in the field ``compute_unit`` of its version.info; packages for the host device do.
"""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Literal

from aclnn_moe._ffi import discovery

# What version.info of a package for the host device names in place of a chip.
HOST_CPU = "host_cpu"

_TBE = Path("op_impl") / "ai_core" / "tbe"

# For a home without CANN's own table of chips. A plain Ascend910B is an Ascend910 of old.
_FAMILIES = (
    (re.compile(r"(ascend910_\d\d)\d\d"), None),
    (re.compile(r"ascend910b\d.*"), "ascend910b"),
    (re.compile(r"ascend910(a|b|proa|prob|premiuma)?"), "ascend910"),
    (re.compile(r"(ascend310[bp])\d.*"), None),
    (re.compile(r"ascend310"), "ascend310"),
)


def chip_of(soc_name: str, home: Path | None = None) -> str:
    """Chip whose kernels run on the die ``soc_name``; empty when that is not known.

    Parameters
    ----------
    soc_name
        What aclrtGetSocName gives.
    home
        A CANN home, whose table of chips is asked first.
    """
    if home is not None and re.fullmatch(r"[\w-]+", soc_name):
        for data in (home / f"{platform.machine()}-linux", home, home / "compiler"):
            table = data / "data" / "platform_config" / f"{soc_name}.ini"
            try:
                text = table.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            if found := re.search(r"^Short_SoC_version=(\w+)", text, re.MULTILINE):
                return found[1].lower()
    for pattern, chip in _FAMILIES:
        if match := pattern.fullmatch(soc_name.lower()):
            return chip or match[1]
    return ""


def package_chips(vendor_folder: Path) -> tuple[str, ...]:
    """Chips that the package in ``vendor_folder`` is built for; empty when it does not say."""
    stated = discovery.home_version(vendor_folder).get("compute_unit", "")
    chips = {each.strip().lower() for each in stated.split(",") if each.strip()}
    # Kernels are compiled ahead into `kernel`, or on demand for the chips that `config` names.
    for folder in (vendor_folder / _TBE / "kernel", vendor_folder / _TBE / "config"):
        try:
            chips |= {each.name for each in folder.iterdir() if each.is_dir()}
        except OSError:
            continue
    return tuple(sorted(chips - {"config"}))


def objection(
    chips: tuple[str, ...],
    *,
    kind: Literal["npu", "host"],
    soc_name: str = "",
    home: Path | None = None,
) -> str:
    """Why a package built for ``chips`` cannot run here; empty when it can, or nothing is known.

    Parameters
    ----------
    chips
        From :func:`package_chips`.
    kind
        What the process runs on.
    soc_name
        Die of the NPU.
    home
        CANN home of the process.
    """
    if not chips:
        return ""
    built = f"built for {', '.join(chips)}"
    if kind == "host":
        if HOST_CPU in chips:
            return ""
        return (
            f"{built}, and this is the host device (the CPU); remedy: take the package out of "
            "ASCEND_CUSTOM_OPP_PATH or load_priority, or run on an NPU with CANN"
        )
    chip = chip_of(soc_name, home)
    if chips == (HOST_CPU,):
        return (
            f"{built} (the host device), and this is an NPU; remedy: install the package that is "
            f"built for {chip or 'its chip'}"
        )
    if not chip or chip in chips:
        return ""
    return (
        f"{built}, and this NPU is {soc_name}; remedy: install the package that is built for {chip}"
    )
