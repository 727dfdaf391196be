# SPDX-License-Identifier: Apache-2.0
"""The doctor's report as tables, and as plain text."""

from __future__ import annotations

from aclnn_moe.doctor import Report, Section
from aclnn_moe.machine import MEGABYTE


def sections(report: Report) -> list[Section]:
    """Return the tables of a report."""
    listed = [_device(report), _packages(report), _machine(report)]
    listed.append(Section("Versions", ("what", "version"), list(report.versions.items())))
    if report.environment:
        listed.append(Section("Environment", ("variable", "value"), [*report.environment.items()]))
    listed.append(Section("Paths tried, in order", ("path", "found"), list(report.tried)))
    listed.append(_buffer(report))
    return listed


def text(report: Report) -> str:
    """Return a report as plain text."""
    return "\n".join([*tables(report), *verdict(report)])


def tables(report: Report) -> list[str]:
    """Return the lines of the tables: titles begin at the margin, rows do not."""
    lines: list[str] = []
    for section in sections(report):
        columns = range(len(section.columns) - 1)
        widths = [max((len(row[i]) for row in section.rows), default=0) for i in columns]
        lines += [section.title]
        for row in section.rows:
            cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
            lines.append("  " + "  ".join(cells).rstrip())
        lines.append("")
    return lines


def verdict(report: Report) -> list[str]:
    """Return the lines that say what is wrong, and how to mend it; or that nothing is."""
    lines: list[str] = []
    for kind, texts in (("warning", report.warnings), ("problem", report.problems)):
        for each in texts:
            # A text of several lines lists paths, and ends with its remedy.
            what, _, remedy = (each, "", "") if "\n" in each else each.partition("; remedy")
            said = f"{kind}: {what}".splitlines()
            lines += [f"  {line}" if line.startswith("remedy: ") else line for line in said]
            lines += [f"  remedy{remedy}"] if remedy else []
    return [
        *lines,
        "everything needed is here" if report.ok else "the operator cannot run as it is",
    ]


def _device(report: Report) -> Section:
    found = report.installation
    if found is None:
        rows = [("uses", "nothing: no usable CANN and no host device")]
    else:
        uses = "the host device (CPU)" if found.kind == "host" else "CANN on an NPU"
        rows = [
            ("uses", uses),
            ("because", found.reason),
            ("home", str(found.home)),
            ("libraries", ":".join(str(folder) for folder in found.library_dirs)),
            ("operators", str(found.opp_path)),
        ]
    if report.probe is not None and not report.probe.problem:
        rows += [
            ("devices", str(report.probe.devices)),
            ("chip", report.probe.soc_name or "unknown"),
            ("runtime", report.probe.runtime_version or "unknown"),
        ]
        rows += list(report.probe.operators.items())
        rows += [(name, "no library has it") for name in report.probe.missing]
    if report.torch_npu_import:
        rows.append(("import torch_npu", report.torch_npu_import))
    return Section("Device", ("what", "value"), rows)


def _packages(report: Report) -> Section:
    rows = [
        (
            str(i + 1),
            package.name,
            package.version or "-",
            ", ".join(package.chips) or "-",
            ", ".join(each for each in package.functions if each in package.operators)
            or "nothing for this operator",
            package.problem or str(package.library),
        )
        for i, package in enumerate(report.packages)
    ]
    columns = ("order", "package", "version", "built for", "exports", "library")
    return Section("Operator packages in search order", columns, rows or [("-",) * len(columns)])


def _machine(report: Report) -> Section:
    machine = report.machine
    rows = [
        ("cores", str(machine.cores)),
        ("memory available", _megabytes(machine.memory_available, "unknown")),
        ("left in the cgroup", _megabytes(machine.cgroup_left, "no limit")),
        ("address space (RLIMIT_AS)", _megabytes(machine.address_space, "no limit")),
        ("open files (RLIMIT_NOFILE)", str(machine.open_files or "no limit")),
        ("shared memory", "the host device uses anonymous memory: /dev/shm does not limit it"),
    ]
    return Section("Machine", ("what", "value"), rows)


def _buffer(report: Report) -> Section:
    now = "malformed" if report.buffer_mb is None else f"{report.buffer_mb} MB"
    if "HCCL_BUFFSIZE" not in report.environment:
        now += " (default)"
    rows = [("HCCL_BUFFSIZE now", now)]
    if report.sizes is not None:
        sizes = report.sizes
        setting = (
            f"BS {sizes.bs}, H {sizes.h}, K {sizes.k}, {sizes.moe_expert_num} experts, "
            f"{sizes.ep_world_size} ranks"
        )
        if sizes.shared_expert_rank_num:
            shared = (sizes.shared_expert_num, sizes.shared_expert_rank_num)
            setting += ", {} shared experts on {} ranks".format(*shared)
        rows += [("setting", setting), ("HCCL_BUFFSIZE needed", f"{report.required_mb} MB")]
    return Section("Exchange buffer", ("what", "value"), rows)


def _megabytes(size: int | None, otherwise: str) -> str:
    return otherwise if size is None else f"{size // MEGABYTE} MB"
