# SPDX-License-Identifier: Apache-2.0
"""The compiled module, and where it lies."""

from __future__ import annotations

from pathlib import Path

try:
    from aclnn_moe._ffi import _binding
except ImportError as error:
    raise ImportError(
        "aclnn_moe._ffi._binding, the compiled half of the package, cannot be imported "
        f"({error}); remedy: install the package (pip install .), or, where it is installed, start "
        "in another folder than that of its sources"
    ) from error

ffi = _binding.ffi
lib = _binding.lib


def embedded_home() -> Path:
    """Folder of the host device that was installed with the compiled module."""
    return Path(_binding.__file__).resolve().parent.parent / "host"
