# SPDX-License-Identifier: Apache-2.0
"""The operators as torch's own: eager, compiled and exported they give the same."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import torch_ranks
from moe_layer import BS, EXPERTS, RANKS, H, K
from torch_ranks import OPS

import aclnn_moe

SECONDS = 280.0


def test_operators_give_what_the_functions_give() -> None:
    for same in aclnn_moe.launch(torch_ranks.eager, RANKS, timeout=SECONDS):
        assert same == [True] * 4


@pytest.mark.parametrize(("backend", "dynamic"), [("inductor", False), ("aot_eager", True)])
def test_a_layer_compiles_into_one_graph(backend: str, dynamic: bool) -> None:
    for same in aclnn_moe.launch(torch_ranks.compiled, RANKS, (backend, dynamic), timeout=SECONDS):
        assert same == [True] * 8


def test_a_layer_can_be_exported() -> None:
    for same, operators in aclnn_moe.launch(torch_ranks.exported, RANKS, timeout=SECONDS):
        assert same == [True] * 4
        assert operators == [
            "aclnn_moe.moe_distribute_dispatch_v2.default",
            "aclnn_moe.moe_distribute_combine_add_rms_norm.default",
        ]


def test_operators_keep_torchs_rules() -> None:
    for told in aclnn_moe.launch(torch_ranks.checked, RANKS, timeout=SECONDS):
        assert len(told) == 8
        assert set(told.values()) == {"SUCCESS"}


def dispatch(x: torch.Tensor, expert_ids: torch.Tensor) -> torch.Tensor:
    sent: torch.Tensor = OPS.moe_distribute_dispatch_v2(
        x, expert_ids, "no such group", RANKS, 0, EXPERTS
    )[0]
    return sent


def test_operators_refuse_gradients() -> None:
    x = torch.zeros((BS, H), dtype=torch.bfloat16, requires_grad=True)
    ids = torch.zeros((BS, K), dtype=torch.int32)
    with pytest.raises(ValueError, match="x requires gradients, and the operator has no backward"):
        dispatch(x, ids)
    with pytest.raises(Exception, match="x requires gradients, and the operator has no backward"):
        torch.compile(dispatch, fullgraph=True, backend="eager")(x, ids)
    with torch.no_grad(), pytest.raises(aclnn_moe.AclError, match="no such group"):
        dispatch(x, ids)


def test_wrong_arguments_are_named_while_a_graph_is_made() -> None:
    ids = torch.zeros((BS, K), dtype=torch.int32, device="meta")
    with pytest.raises(TypeError, match="x is float32: want bfloat16 or float16"):
        dispatch(torch.zeros((BS, H), device="meta"), ids)
    x = torch.zeros((BS + 1, H), dtype=torch.bfloat16, device="meta")
    with pytest.raises(ValueError, match=r"expert_ids has shape \(5, 3\): want \(6, 3\)"):
        dispatch(x, ids)


def test_meta_tensors_have_the_outputs_shapes() -> None:
    x = torch.zeros((BS, H), dtype=torch.float16, device="meta")
    ids = torch.zeros((BS, K), dtype=torch.int32, device="meta")
    got = OPS.moe_distribute_dispatch_v2(x, ids, "group", RANKS, 0, EXPERTS, quant_mode=0)
    rows = BS * RANKS * K
    assert [(tuple(value.shape), value.dtype) for value in got] == [
        ((rows, H), torch.float16),
        ((rows,), torch.float32),
        ((rows * 128,), torch.int32),
        ((EXPERTS // RANKS,), torch.int64),
        ((EXPERTS,), torch.int32),
        ((0,), torch.int32),
        ((rows,), torch.float32),
    ]


def test_the_package_does_not_import_torch() -> None:
    code = "import sys, aclnn_moe; aclnn_moe.Device.count(); print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
