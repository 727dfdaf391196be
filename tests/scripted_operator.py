# SPDX-License-Identifier: Apache-2.0
"""Operator functions written in Python behind their C signatures: they note what they are given.

So it can be told which C function is called and what stands in which place, and what becomes of
outputs that a test chooses, without a kernel.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aclnn_moe import _ffi
from aclnn_moe._ffi.loader import Operator
from aclnn_moe.errors import SymbolNotFoundError

Array = npt.NDArray[Any]

# What the first phase of an operator that is only asked for its arguments returns.
REFUSED = 561002

_KINDS = {
    "tensor": ctypes.c_void_p,
    "int": ctypes.c_int64,
    "text": ctypes.c_char_p,
    "float": ctypes.c_float,
}

_GROUP = (
    "text:group_ep int:ep_world_size int:ep_rank_id int:moe_expert_num text:group_tp "
    "int:tp_world_size int:tp_rank_id int:expert_shard_type int:shared_expert_num "
    "int:shared_expert_rank_num "
)
_DISPATCH = "tensor:x tensor:expert_ids tensor:scales tensor:x_active_mask tensor:expert_scales "
_DISPATCH_ATTRIBUTES = f"{_GROUP} int:quant_mode int:global_bs int:expert_token_nums_type "
_DISPATCH_OUTPUTS = (
    "tensor:out.expand_x tensor:out.dynamic_scales tensor:out.expand_idx "
    "tensor:out.expert_token_nums tensor:out.ep_recv_counts tensor:out.tp_recv_counts "
    "tensor:out.expand_scales"
)
_COMBINE = (
    "tensor:expand_x tensor:expert_ids tensor:expand_idx tensor:ep_send_counts "
    "tensor:expert_scales tensor:residual_x tensor:gamma tensor:tp_send_counts "
    "tensor:x_active_mask tensor:activation_scale tensor:weight_scale tensor:group_list "
    "tensor:expand_scales tensor:shared_expert_x "
)
_COMBINE_ATTRIBUTES = (
    f"{_GROUP} int:global_bs int:out_dtype int:comm_quant_mode int:group_list_type "
    "text:comm_alg float:norm_eps "
)
_SPECIAL = "int:zero_expert_num int:copy_expert_num int:const_expert_num "
_COMBINE_OUTPUTS = "tensor:out.y tensor:out.rstd_out tensor:out.x"

DISPATCH_V1 = "aclnnMoeDistributeDispatch"
DISPATCH_V2 = "aclnnMoeDistributeDispatchV2"
DISPATCH_V3 = "aclnnMoeDistributeDispatchV3"
COMBINE_V1 = "aclnnMoeDistributeCombineAddRmsNorm"
COMBINE_V2 = "aclnnMoeDistributeCombineAddRmsNormV2"

# First phases in C's order, by the names that the Python functions have for the same.
PARAMETERS = {
    DISPATCH_V1: f"{_DISPATCH} {_DISPATCH_ATTRIBUTES} {_DISPATCH_OUTPUTS}",
    DISPATCH_V2: f"{_DISPATCH} {_DISPATCH_ATTRIBUTES} text:comm_alg {_DISPATCH_OUTPUTS}",
    DISPATCH_V3: f"{_DISPATCH} tensor:elastic_info {_DISPATCH_ATTRIBUTES} text:comm_alg "
    f"{_SPECIAL} {_DISPATCH_OUTPUTS}",
    COMBINE_V1: f"{_COMBINE} {_COMBINE_ATTRIBUTES} {_COMBINE_OUTPUTS}",
    COMBINE_V2: f"{_COMBINE} tensor:elastic_info tensor:ori_x tensor:const_expert_alpha_1 "
    f"tensor:const_expert_alpha_2 tensor:const_expert_v {_COMBINE_ATTRIBUTES} {_SPECIAL} "
    f"{_COMBINE_OUTPUTS}",
}


class ScriptedOperators:
    """The only operators that there are; every other one is looked for in vain.

    Parameters
    ----------
    names
        C functions that exist.
    writes
        What a launch writes to outputs, by name; an output without an entry is left alone. Without
        ``writes`` the first phase refuses the call.

    Attributes
    ----------
    calls
        (function, its arguments by name) of every first phase; tensors as addresses, 0 for none.
    """

    def __init__(self, names: Sequence[str], writes: Mapping[str, Array] | None = None) -> None:
        _ffi.load()
        installation = _ffi.installation()
        assert installation is not None
        self._nnopbase = ctypes.CDLL(str(installation.library("libnnopbase.so")))
        self._writes = writes
        self._operators = {name: self._make(name) for name in names}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def find(self, name: str) -> Operator:
        """Stand in for `_ffi.find_operator`."""
        if name not in self._operators:
            raise SymbolNotFoundError.listing(name, f"no library has the operator {name}", [])
        first, launch = (
            _ffi.ffi.cast("void*", ctypes.cast(function, ctypes.c_void_p).value)
            for function in self._operators[name]
        )
        return Operator(first, launch, Path("scripted"))

    def _make(self, name: str) -> tuple[Any, Any]:
        parameters = [entry.split(":") for entry in PARAMETERS[name].split()]

        def first(*arguments: Any) -> int:
            *values, workspace_size, executor = arguments
            given = {}
            for (kind, parameter), value in zip(parameters, values, strict=True):
                given[parameter] = self._address(value) if kind == "tensor" else value
            self.calls.append((name, given))
            ctypes.c_uint64.from_address(workspace_size).value = 0
            ctypes.c_void_p.from_address(executor).value = 0
            return REFUSED if self._writes is None else 0

        def launch(workspace: int, size: int, executor: int, stream: int) -> int:
            del workspace, size, executor
            to_device = _ffi.lib.ACL_MEMCPY_HOST_TO_DEVICE
            for output, values in (self._writes or {}).items():
                if not values.size:
                    continue
                address = self.calls[-1][1][f"out.{output}"]
                status: int = _ffi.lib.aclrtMemcpyAsync(
                    _ffi.ffi.cast("void*", address),
                    values.nbytes,
                    _ffi.ffi.cast("void*", values.ctypes.data),
                    values.nbytes,
                    to_device,
                    _ffi.ffi.cast("void*", stream),
                )
                if status:
                    return status
            return 0

        pointers = [ctypes.c_void_p] * 2
        kinds = [_KINDS[kind] for kind, _ in parameters]
        return (
            ctypes.CFUNCTYPE(ctypes.c_int32, *kinds, *pointers)(first),
            ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint64, *pointers)(launch),
        )

    def _address(self, tensor: int | None) -> int:
        if tensor is None:
            return 0
        address = ctypes.c_void_p()
        assert (
            self._nnopbase.aclGetRawTensorAddr(ctypes.c_void_p(tensor), ctypes.byref(address)) == 0
        )
        return address.value or 0


def install(
    monkeypatch: pytest.MonkeyPatch, *names: str, writes: Mapping[str, Array] | None = None
) -> ScriptedOperators:
    """Put operators in place of all others, and forget calls prepared before."""
    from aclnn_moe import operator_call

    scripted = ScriptedOperators(names, writes)
    monkeypatch.setattr(_ffi, "find_operator", scripted.find)
    monkeypatch.setattr(operator_call, "_calls", {})
    return scripted


def filled(shape: tuple[int, ...], dtype: Any) -> Array:
    """Numbers from 1 on: what an operator writes, so that no element is zero."""
    return (1 + np.arange(int(np.prod(shape))) % 100).reshape(shape).astype(dtype)
