# SPDX-License-Identifier: Apache-2.0
"""MoE dispatch and combine + add + RMSNorm through CANN's C interface, on an NPU or on the CPU.

Importing the package loads no library: the names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# At once, unlike the rest: importing the modules later would put them in the functions' places.
from aclnn_moe.doctor import doctor as doctor
from aclnn_moe.launch import launch as launch

if TYPE_CHECKING:
    from aclnn_moe import reference as reference
    from aclnn_moe.array import DeviceArray as DeviceArray
    from aclnn_moe.array import asarray as asarray
    from aclnn_moe.array import empty as empty
    from aclnn_moe.array import from_pointer as from_pointer
    from aclnn_moe.communicator import Communicator as Communicator
    from aclnn_moe.errors import AclError as AclError
    from aclnn_moe.errors import AclMemoryError as AclMemoryError
    from aclnn_moe.errors import AclNotSupportedError as AclNotSupportedError
    from aclnn_moe.errors import AclTimeoutError as AclTimeoutError
    from aclnn_moe.errors import LibraryNotFoundError as LibraryNotFoundError
    from aclnn_moe.errors import SymbolNotFoundError as SymbolNotFoundError
    from aclnn_moe.event import Event as Event
    from aclnn_moe.launch import LaunchError as LaunchError
    from aclnn_moe.memory import pinned_empty as pinned_empty
    from aclnn_moe.operators import CombineResult as CombineResult
    from aclnn_moe.operators import DispatchResult as DispatchResult
    from aclnn_moe.operators import (
        moe_distribute_combine_add_rms_norm as moe_distribute_combine_add_rms_norm,
    )
    from aclnn_moe.operators import moe_distribute_dispatch as moe_distribute_dispatch
    from aclnn_moe.operators import moe_distribute_dispatch_v2 as moe_distribute_dispatch_v2
    from aclnn_moe.runtime import Device as Device
    from aclnn_moe.runtime import init as init
    from aclnn_moe.stream import Stream as Stream
    from aclnn_moe.world import World as World

__version__ = "0.1.0"

# Public name: the module that holds it. `reference` is a module itself.
_WHERE = {
    "AclError": "errors",
    "AclMemoryError": "errors",
    "AclNotSupportedError": "errors",
    "AclTimeoutError": "errors",
    "CombineResult": "operators",
    "Communicator": "communicator",
    "Device": "runtime",
    "DeviceArray": "array",
    "DispatchResult": "operators",
    "Event": "event",
    "LaunchError": "launch",
    "LibraryNotFoundError": "errors",
    "Stream": "stream",
    "SymbolNotFoundError": "errors",
    "World": "world",
    "asarray": "array",
    "empty": "array",
    "from_pointer": "array",
    "init": "runtime",
    "moe_distribute_combine_add_rms_norm": "operators",
    "moe_distribute_dispatch": "operators",
    "moe_distribute_dispatch_v2": "operators",
    "pinned_empty": "memory",
    "reference": "",
}

__all__ = ["__version__", "doctor", "launch", *_WHERE]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module holds
    if name not in _WHERE:
        raise AttributeError(f"module 'aclnn_moe' has no attribute {name!r}")
    where = _WHERE[name]
    value = (
        getattr(import_module(f"aclnn_moe.{where}"), name)
        if where
        else import_module(f"aclnn_moe.{name}")
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
