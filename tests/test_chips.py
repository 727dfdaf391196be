# SPDX-License-Identifier: Apache-2.0
"""Which chip a die is, which chips a package is built for, and whether they go together."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from aclnn_moe import opp
from aclnn_moe._ffi import chips, discovery, vendors


@pytest.mark.parametrize(
    ("soc_name", "chip"),
    [
        ("Ascend910_9391", "ascend910_93"),
        ("Ascend910_9362", "ascend910_93"),
        ("Ascend910B1", "ascend910b"),
        ("Ascend910B4-1", "ascend910b"),
        ("Ascend910B", "ascend910"),
        ("Ascend910PremiumA", "ascend910"),
        ("Ascend310P3", "ascend310p"),
        ("Ascend310B1", "ascend310b"),
        ("Ascend310", "ascend310"),
        ("Kirin9030", ""),
        ("", ""),
    ],
)
def test_chip_of_a_die(soc_name: str, chip: str) -> None:
    assert chips.chip_of(soc_name) == chip


@pytest.mark.parametrize("data", ["data", f"{platform.machine()}-linux/data", "compiler/data"])
def test_chip_of_a_die_is_read_from_the_home_first(tmp_path: Path, data: str) -> None:
    table = tmp_path / data / "platform_config" / "Ascend999_1234.ini"
    table.parent.mkdir(parents=True)
    table.write_text("[version]\nSoC_version=Ascend999_1234\nShort_SoC_version=Ascend999_12\n")
    assert chips.chip_of("Ascend999_1234", tmp_path) == "ascend999_12"
    assert chips.chip_of("Ascend910_9391", tmp_path) == "ascend910_93"
    assert chips.chip_of("../../etc/passwd", tmp_path) == ""


def test_chips_of_a_package_are_its_folders_of_kernels_and_what_it_states(tmp_path: Path) -> None:
    assert chips.package_chips(tmp_path) == ()
    tbe = tmp_path / "op_impl" / "ai_core" / "tbe"
    for folder in ("kernel/ascend910_93/x", "kernel/config/ascend910_93", "config/ascend910b"):
        (tbe / folder).mkdir(parents=True)
    (tbe / "config" / "readme.txt").touch()
    assert chips.package_chips(tmp_path) == ("ascend910_93", "ascend910b")
    (tmp_path / "version.info").write_text("Version=1\ncompute_unit=host_cpu, Ascend310P\n")
    assert chips.package_chips(tmp_path) == (
        "ascend310p",
        "ascend910_93",
        "ascend910b",
        "host_cpu",
    )


@pytest.mark.parametrize(
    ("built_for", "kind", "soc_name", "text"),
    [
        ((), "npu", "Ascend910_9391", ""),
        ((), "host", "", ""),
        (("host_cpu",), "host", "", ""),
        (("ascend910_93", "host_cpu"), "host", "", ""),
        (("ascend910_93",), "host", "", "built for ascend910_93, and this is the host device"),
        (("ascend910_93", "ascend910b"), "npu", "Ascend910_9391", ""),
        (("ascend910b",), "npu", "Ascend910_9391", "built for ascend910b, and this NPU is Asc"),
        (("ascend910",), "npu", "Ascend910B1", "built for ascend910, and this NPU is Ascend910B1"),
        (("ascend910b",), "npu", "Kirin9030", ""),
        (("ascend910b",), "npu", "", ""),
        (("host_cpu",), "npu", "", "built for host_cpu (the host device), and this is an NPU"),
    ],
)
def test_package_and_device_are_compared(
    built_for: tuple[str, ...], kind: str, soc_name: str, text: str
) -> None:
    said = chips.objection(built_for, kind=kind, soc_name=soc_name)  # type: ignore[arg-type]
    assert said.startswith(text)
    assert bool(said) == bool(text) == ("; remedy: " in said)


def test_shipped_package_says_that_it_is_for_the_host_device() -> None:
    found = discovery.find({"ACLNN_MOE_DEVICE": "host"})
    assert [package.chips for package in opp.packages(found)] == [("host_cpu",), ()]


def test_verify_refuses_a_package_for_another_chip() -> None:
    host = discovery.find({"ACLNN_MOE_DEVICE": "host"})
    package = opp.packages(host)[0]
    opp.verify(package, installation=host)
    fields = {**vars(package), "chips": ("ascend910b",)}
    with pytest.raises(ValueError, match=r"package aclnn_moe: built for ascend910b, and this is"):
        opp.verify(opp.OperatorPackage(**fields), installation=host)
    npu = discovery.Installation(**{**vars(host), "kind": "npu"})
    with pytest.raises(ValueError, match="ascend910b, and this NPU is Ascend910_9391; remedy: "):
        opp.verify(opp.OperatorPackage(**fields), installation=npu, soc_name="Ascend910_9391")
    opp.verify(opp.OperatorPackage(**fields))


def test_three_packages_with_one_operator_are_named_by_pairs(tmp_path: Path) -> None:
    def package(name: str, *operators: str) -> opp.OperatorPackage:
        library = tmp_path / name / vendors.LIBRARY
        return opp.OperatorPackage(name, library, "1", (), "", frozenset(operators))

    many = [f"aclnn{letter}" for letter in "ABCDE"]
    texts = opp.shadowed([package("a", *many), package("b", "aclnnX"), package("c", *many)])
    assert len(texts) == 1
    assert texts[0].startswith("two packages have aclnnA, aclnnB, aclnnC and 2 more: a 1 (")
    assert opp.shadowed([package("a", "aclnnA"), package("b", "aclnnB")]) == []
