# SPDX-License-Identifier: Apache-2.0
"""torch and torch_npu as they are installed: asked without importing them here.

An environment that holds torch_npu fails at `import torch` where CANN's libraries are not found:
torch loads torch_npu by itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from aclnn_moe import variables

_SECONDS = 120.0

# A library that torch_npu links against, and that its own package does not hold.
_LINKED = "libhccl.so"

_EXCEPTION = re.compile(r"[\w.]*(Error|Exception)\b")


@dataclass(frozen=True)
class TorchPackages:
    """Versions of torch and torch_npu; empty where one is not installed.

    Attributes
    ----------
    torch
        Version of torch.
    torch_npu
        Version of torch_npu.
    wanted_torch
        Version of torch that torch_npu asks for; empty when it does not say.
    """

    torch: str
    torch_npu: str
    wanted_torch: str

    @classmethod
    def read(cls) -> TorchPackages:
        """Read what is installed."""
        return cls(_version("torch"), _version("torch_npu"), _wanted_torch())

    @property
    def misfit(self) -> str:
        """Why the two do not go together, with the remedy; empty when they do."""
        if not self.torch_npu:
            return ""
        wanted = self.wanted_torch or ".".join(self.torch_npu.split(".")[:2])
        if not self.torch:
            return (
                f"torch_npu {self.torch_npu} is installed without torch; remedy: pip install "
                f"torch=={wanted}.*"
            )
        # What follows '+' names the build.
        have = self.torch.partition("+")[0]
        if have == wanted or have.startswith(f"{wanted}."):
            return ""
        return (
            f"torch_npu {self.torch_npu} needs torch {wanted}, and torch {self.torch} is "
            f"installed; remedy: pip install torch=={wanted}, or the torch_npu of torch {have}"
        )

    def unfound_libraries(self, environ: Mapping[str, str]) -> str:
        """Why `import torch` fails in ``environ``, with the remedy; empty when it need not."""
        if not self.torch_npu or variables.loader_finds(environ, _LINKED):
            return ""
        if environ.get("TORCH_DEVICE_BACKEND_AUTOLOAD", "1") == "0":
            effect = "`import torch_npu` fails"
            without = ""
        else:
            effect = "`import torch` fails, for it loads torch_npu by itself"
            without = ", or export TORCH_DEVICE_BACKEND_AUTOLOAD=0 to use torch without it"
        return (
            f"torch_npu {self.torch_npu} is installed, and the loader does not find {_LINKED} in "
            f"this shell: {effect}; remedy: start programs by `aclnn-moe run -- python ...`"
            f"{without}"
        )

    def try_import(self, environ: Mapping[str, str], *, timeout: float = _SECONDS) -> str:
        """Import torch_npu in a process of its own; return what it says when that fails.

        Parameters
        ----------
        environ
            Variables of the process.
        timeout
            Seconds after which it is killed.
        """
        code = f"import sys; sys.path[:] = {sys.path!r}; import torch_npu"
        try:
            run = subprocess.run(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=dict(environ),
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"did not end within {timeout:g} s"
        if run.returncode == 0:
            return ""
        lines = [line for line in run.stderr.decode("utf-8", "replace").splitlines() if line]
        named = [line for line in lines if _EXCEPTION.match(line)]
        said = (named or lines or ["without a word"])[-1]
        return f"ended with status {run.returncode}: {said}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _wanted_torch() -> str:
    try:
        wanted = metadata.requires("torch_npu") or []
    except metadata.PackageNotFoundError:
        return ""
    for line in wanted:
        if found := re.match(r"torch\s*\(?\s*==\s*([\d.]*\d)", line):
            return found[1]
    return ""
