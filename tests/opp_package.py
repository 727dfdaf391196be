# SPDX-License-Identifier: Apache-2.0
"""Packages of test_opp_install.py: the real .run, variants of it, and users who run them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = "aclnn_moe"
MANIFEST = "manifest.sha256"
NOBODY = 65534
Done = subprocess.CompletedProcess[str]


def environment(**extra: str) -> dict[str, str]:
    """A shell in which nobody has said where CANN is."""
    prefixes = ("ASCEND_", "ACLNN_MOE_", "HCCL_", "LD_LIBRARY_PATH")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(prefixes)}
    kept["PATH"] = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return {**kept, **extra}


def run(*words: str | Path, **extra: str) -> Done:
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment(**extra),
    )


def expect(done: Done, status: int, text: str = "") -> None:
    assert done.returncode == status, done.stderr + done.stdout
    assert text in done.stdout + done.stderr


@dataclass
class User:
    """Who installs: this process's user, or nobody when that is root."""

    folder: Path
    prefix: tuple[str, ...] = ()
    number: int = field(default_factory=os.geteuid)

    def install(self, file: Path, *options: str, **extra: str) -> Done:
        return run(*self.prefix, "sh", file, *options, **extra)

    def make(self, folder: Path) -> Path:
        """Make a folder of this user's."""
        folder.mkdir(parents=True)
        self.own(folder)
        return folder

    def own(self, top: Path) -> None:
        """Give the user what lies below ``top``, and the folder itself."""
        if os.geteuid() == 0:
            for path in (top, *top.rglob("*")):
                os.chown(path, self.number, self.number, follow_symlinks=False)

    def installed(self, file: Path, root: Path, *options: str) -> Path:
        """Install below ``root``; returns the vendor folder."""
        expect(self.install(file, f"--install-path={root}", *options), 0)
        return root / "vendors" / VENDOR

    def uninstall(self, vendor: Path, *options: str) -> Done:
        return run(*self.prefix, "sh", vendor / "scripts" / "uninstall.sh", *options)


def repack(file: Path, target: Path, change: Callable[[Path], None]) -> Path:
    """Pack ``file`` again after ``change`` of its vendor folder."""
    folder = target.with_suffix(".payload")
    expect(run("sh", file, f"--extract={folder}"), 0)
    change(folder / "packages" / "vendors" / VENDOR)
    expect(run("bash", ROOT / "build_scripts" / "pack_package.sh", folder, target), 0)
    shutil.rmtree(folder)
    target.chmod(0o755)
    return target


def set_version(version: str) -> Callable[[Path], None]:
    def change(vendor: Path) -> None:
        info = vendor / "version.info"
        info.write_text(re.sub("Version=.*", f"Version={version}", info.read_text()))

    return change


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of everything below ``folder``."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def check_whole(vendor: Path) -> None:
    """Check that the files are those of the manifest, whoever owns them."""
    lines = (vendor / MANIFEST).read_text().splitlines()
    listed = {line[68:]: line[:64] for line in lines}
    files = [path for path in vendor.rglob("*") if path.is_file() and path.name != MANIFEST]
    assert listed == {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def version_of(vendor: Path) -> str:
    return re.findall("Version=(.*)", (vendor / "version.info").read_text())[0]
