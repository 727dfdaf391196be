# SPDX-License-Identifier: Apache-2.0
"""Which C function an operator calls, and what stands in which place of it."""

from __future__ import annotations

import inspect
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from scripted_operator import (
    COMBINE_V1,
    COMBINE_V2,
    DISPATCH_V1,
    DISPATCH_V2,
    DISPATCH_V3,
    ScriptedOperators,
    install,
)

import aclnn_moe
from aclnn_moe import AclError, DeviceArray, empty
from aclnn_moe.errors import SymbolNotFoundError

BF16 = ml_dtypes.bfloat16
BS, K, H, EXPERTS, RANKS = 3, 2, 1024, 8, 4
ROOM = BS * RANKS * K

DISPATCH_ARRAYS: dict[str, tuple[tuple[int, ...], str]] = {
    "x": ((BS, H), "bfloat16"),
    "expert_ids": ((BS, K), "int32"),
    "scales": ((EXPERTS, H), "float32"),
    "x_active_mask": ((BS, K), "bool"),
    "expert_scales": ((BS, K), "float32"),
}
COMBINE_ARRAYS: dict[str, tuple[tuple[int, ...], str]] = {
    "expand_x": ((ROOM, H), "bfloat16"),
    "expert_ids": ((BS, K), "int32"),
    "expand_idx": ((BS * K,), "int32"),
    "ep_send_counts": ((RANKS * 2,), "int32"),
    "expert_scales": ((BS, K), "float32"),
    "residual_x": ((BS, H), "bfloat16"),
    "gamma": ((H,), "bfloat16"),
    "tp_send_counts": ((2,), "int32"),
    "x_active_mask": ((BS,), "bool"),
    "activation_scale": ((1,), "float32"),
    "weight_scale": ((2,), "float32"),
    "group_list": ((3,), "int64"),
    "expand_scales": ((ROOM,), "float32"),
    "shared_expert_x": ((BS, H), "bfloat16"),
}
ELASTIC = {"elastic_info": ((4 + 2 * RANKS,), "int32")}
COMBINE_V2_ARRAYS: dict[str, tuple[tuple[int, ...], str]] = {
    **ELASTIC,
    "ori_x": ((BS, H), "bfloat16"),
    "const_expert_alpha_1": ((5,), "bfloat16"),
    "const_expert_alpha_2": ((5, H), "bfloat16"),
    "const_expert_v": ((5, H), "bfloat16"),
}
SPECIAL = {"zero_expert_num": 31, "copy_expert_num": 32, "const_expert_num": 33}

# Every number is another one, so that two in one another's place are seen.
GROUP = {
    "group_ep": "the ep group",
    "ep_world_size": RANKS,
    "ep_rank_id": 3,
    "moe_expert_num": EXPERTS,
    "group_tp": "the tp group",
    "tp_world_size": 2,
    "tp_rank_id": 1,
    "expert_shard_type": 11,
    "shared_expert_num": 12,
    "shared_expert_rank_num": 0,
}
DISPATCH_NUMBERS = {"quant_mode": 21, "global_bs": 12, "expert_token_nums_type": 22}
COMBINE_NUMBERS = {
    "global_bs": 23,
    "out_dtype": 24,
    "comm_quant_mode": 25,
    "group_list_type": 26,
    "norm_eps": 0.5,
}


def device_arrays(shapes: dict[str, tuple[tuple[int, ...], str]]) -> dict[str, DeviceArray]:
    return {name: empty(shape, dtype, 0) for name, (shape, dtype) in shapes.items()}


def check_call(
    scripted: ScriptedOperators, function: str, arrays: dict[str, Any], others: dict[str, Any]
) -> None:
    """Compare the one call there was with the arguments given."""
    ((called, got),) = scripted.calls
    assert called == function
    wanted = {name: array.data_ptr for name, array in arrays.items()}
    wanted |= {n: v.encode() if isinstance(v, str) else v for n, v in others.items()}
    assert {name: got[name] for name in wanted} == wanted
    results = {name: value for name, value in got.items() if name.startswith("out.")}
    assert set(got) == {*wanted, *results}
    assert len(set(results.values())) == len(results)
    assert all(results.values())


def refuse(function: Any, **arguments: Any) -> AclError:
    with pytest.raises(AclError) as caught:
        function(**arguments)
    return caught.value


def test_combine_calls_v2_with_every_argument_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = install(monkeypatch, COMBINE_V1, COMBINE_V2)
    arrays = device_arrays(COMBINE_ARRAYS | COMBINE_V2_ARRAYS)
    others = GROUP | COMBINE_NUMBERS | SPECIAL | {"comm_alg": "a comm alg"}
    error = refuse(aclnn_moe.moe_distribute_combine_add_rms_norm, **arrays, **others)
    assert (error.code, error.function) == (561002, f"{COMBINE_V2}GetWorkspaceSize")
    check_call(scripted, COMBINE_V2, arrays, others)


def test_combine_calls_v1_where_no_library_has_v2(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = install(monkeypatch, COMBINE_V1)
    arrays = device_arrays(COMBINE_ARRAYS)
    others = GROUP | COMBINE_NUMBERS | {"comm_alg": "a comm alg"}
    error = refuse(aclnn_moe.moe_distribute_combine_add_rms_norm, **arrays, **others)
    assert error.function == f"{COMBINE_V1}GetWorkspaceSize"
    check_call(scripted, COMBINE_V1, arrays, others)


def test_dispatch_v2_calls_v3_with_every_argument_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted = install(monkeypatch, DISPATCH_V1, DISPATCH_V2, DISPATCH_V3)
    arrays = device_arrays(DISPATCH_ARRAYS | ELASTIC)
    others = GROUP | DISPATCH_NUMBERS | SPECIAL | {"comm_alg": "a comm alg"}
    error = refuse(aclnn_moe.moe_distribute_dispatch_v2, **arrays, **others)
    assert error.function == f"{DISPATCH_V3}GetWorkspaceSize"
    check_call(scripted, DISPATCH_V3, arrays, others)


def test_dispatch_v2_calls_v2_where_no_library_has_v3(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = install(monkeypatch, DISPATCH_V1, DISPATCH_V2)
    arrays = device_arrays(DISPATCH_ARRAYS)
    others = GROUP | DISPATCH_NUMBERS | {"comm_alg": "a comm alg"}
    error = refuse(aclnn_moe.moe_distribute_dispatch_v2, **arrays, **others)
    assert error.function == f"{DISPATCH_V2}GetWorkspaceSize"
    check_call(scripted, DISPATCH_V2, arrays, others)


def test_dispatch_calls_v1_with_every_argument_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted = install(monkeypatch, DISPATCH_V1, DISPATCH_V2, DISPATCH_V3)
    arrays = device_arrays(DISPATCH_ARRAYS)
    others = GROUP | DISPATCH_NUMBERS
    error = refuse(aclnn_moe.moe_distribute_dispatch, **arrays, **others)
    assert error.function == f"{DISPATCH_V1}GetWorkspaceSize"
    check_call(scripted, DISPATCH_V1, arrays, others)


def test_absent_optional_arrays_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = install(monkeypatch, COMBINE_V2, DISPATCH_V3)
    for function, shapes, needed in (
        (aclnn_moe.moe_distribute_combine_add_rms_norm, COMBINE_ARRAYS, 7),
        (aclnn_moe.moe_distribute_dispatch_v2, DISPATCH_ARRAYS, 2),
    ):
        required = dict(list(shapes.items())[:needed])
        arrays = device_arrays(required)
        refuse(function, **arrays, group_ep="g", ep_world_size=2, ep_rank_id=0, moe_expert_num=8)
        got = scripted.calls[-1][1]
        for name in set(shapes) - set(required) | {"elastic_info"}:
            assert got[name] == 0, name


@pytest.mark.parametrize("name", [*COMBINE_V2_ARRAYS, *SPECIAL])
def test_combine_names_the_argument_that_needs_v2(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scripted = install(monkeypatch, COMBINE_V1)
    value = SPECIAL.get(name) or empty(*COMBINE_V2_ARRAYS[name], 0)
    with pytest.raises(
        NotImplementedError, match=f"^{name} needs {COMBINE_V2}, which no library has"
    ):
        aclnn_moe.moe_distribute_combine_add_rms_norm(
            **device_arrays(COMBINE_ARRAYS), **GROUP, **{name: value}
        )
    assert scripted.calls == []


@pytest.mark.parametrize("name", [*ELASTIC, *SPECIAL])
def test_dispatch_v2_names_the_argument_that_needs_v3(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scripted = install(monkeypatch, DISPATCH_V2)
    value = SPECIAL.get(name) or empty(*ELASTIC[name], 0)
    with pytest.raises(
        NotImplementedError, match=f"^{name} needs {DISPATCH_V3}, which no library has"
    ):
        aclnn_moe.moe_distribute_dispatch_v2(
            **device_arrays(DISPATCH_ARRAYS), **GROUP, **{name: value}
        )
    assert scripted.calls == []


def test_dispatch_v2_refuses_performance_info_by_name() -> None:
    with pytest.raises(NotImplementedError, match=r"^performance_info needs \w+V4,"):
        aclnn_moe.moe_distribute_dispatch_v2(
            np.zeros((BS, H), BF16),
            np.zeros((BS, K), np.int32),
            "group",
            2,
            0,
            8,
            performance_info=np.zeros(8, np.int64),
        )


def test_operators_that_no_library_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    calls = (
        (aclnn_moe.moe_distribute_combine_add_rms_norm, COMBINE_ARRAYS, COMBINE_V1),
        (aclnn_moe.moe_distribute_dispatch_v2, DISPATCH_ARRAYS, DISPATCH_V2),
        (aclnn_moe.moe_distribute_dispatch, DISPATCH_ARRAYS, DISPATCH_V1),
    )
    for function, shapes, name in calls:
        with pytest.raises(SymbolNotFoundError, match=f"no library has the operator {name}$"):
            function(**device_arrays(shapes), **GROUP)


def keyword_defaults(function: Any) -> dict[str, Any]:
    """Keyword-only arguments in their order, but for those of this package."""
    found = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert list(found)[-2:] == ["stream", "out"]
    return dict(list(found.items())[:-2])


DISPATCH_DEFAULTS = {
    "scales": None,
    "x_active_mask": None,
    "expert_scales": None,
    "group_tp": "",
    "tp_world_size": 0,
    "tp_rank_id": 0,
    "expert_shard_type": 0,
    "shared_expert_num": 1,
    "shared_expert_rank_num": 0,
    "quant_mode": 0,
    "global_bs": 0,
    "expert_token_nums_type": 1,
}
NO_SPECIAL = {"zero_expert_num": 0, "copy_expert_num": 0, "const_expert_num": 0}


def test_dispatch_has_torch_npus_arguments_in_its_order() -> None:
    v1 = keyword_defaults(aclnn_moe.moe_distribute_dispatch)
    assert list(v1.items()) == list(DISPATCH_DEFAULTS.items())
    v2 = keyword_defaults(aclnn_moe.moe_distribute_dispatch_v2)
    shared = list(DISPATCH_DEFAULTS.items())
    assert list(v2.items()) == [
        *shared[:3],
        ("elastic_info", None),
        ("performance_info", None),
        *shared[3:],
        ("comm_alg", ""),
        *NO_SPECIAL.items(),
    ]
    for function in (aclnn_moe.moe_distribute_dispatch, aclnn_moe.moe_distribute_dispatch_v2):
        parameters = inspect.signature(function).parameters.values()
        positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert positional == [
            *["x", "expert_ids", "group_ep", "ep_world_size", "ep_rank_id", "moe_expert_num"]
        ]


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"elastic_info": ((12,), "int64")}, TypeError, "elastic_info is int64: want int32"),
        ({"elastic_info": ((2, 6), "int32")}, ValueError, "elastic_info has 2 dimensions"),
        (
            {"ori_x": ((BS + 1, H), "bfloat16")},
            ValueError,
            r"ori_x has shape \(4, 1024\): want \(3, 1024\), since expert_ids has shape \(3, 2\)",
        ),
        (
            {"const_expert_v": ((5, H + 32), "bfloat16")},
            ValueError,
            r"const_expert_v has shape \(5, 1056\): want \(5, 1024\), since expand_x",
        ),
        (
            {"const_expert_alpha_1": ((4,), "bfloat16")},
            ValueError,
            r"const_expert_alpha_1 has shape \(4,\): want \(5,\) or \(5, 1024\), since "
            r"const_expert_v has shape \(5, 1024\)",
        ),
        (
            {"const_expert_alpha_2": ((5, 1), "bfloat16")},
            ValueError,
            r"const_expert_alpha_2 has shape \(5, 1\): want \(5,\)",
        ),
        ({"ori_x": ((BS, H), "float16")}, TypeError, "ori_x is float16: want bfloat16"),
    ],
)
def test_combine_refuses_further_arrays_before_c_is_called(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], kind: type[Exception], text: str
) -> None:
    scripted = install(monkeypatch, COMBINE_V2)
    arrays = device_arrays(COMBINE_ARRAYS | COMBINE_V2_ARRAYS | changed)
    with pytest.raises(kind, match=text):
        aclnn_moe.moe_distribute_combine_add_rms_norm(**arrays, **GROUP)
    assert scripted.calls == []


def test_special_expert_numbers_must_be_ints() -> None:
    with pytest.raises(TypeError, match="zero_expert_num is 'many': want an int"):
        aclnn_moe.moe_distribute_dispatch_v2(
            **device_arrays(DISPATCH_ARRAYS), **(GROUP | {"zero_expert_num": "many"})
        )


def test_dispatch_refuses_what_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = install(monkeypatch, DISPATCH_V1)
    numbers = {"ep_world_size": RANKS, "ep_rank_id": 0, "moe_expert_num": EXPERTS}
    arrays = device_arrays(dict(list(DISPATCH_ARRAYS.items())[:2]))
    stream = aclnn_moe.Stream(0)
    stream.close()
    with pytest.raises(ValueError, match="the stream is closed"):
        aclnn_moe.moe_distribute_dispatch(**arrays, group_ep="group", stream=stream, **numbers)
    (group,) = aclnn_moe.Communicator.init_all([0])
    group.close()
    with pytest.raises(ValueError, match="want a communicator that is open"):
        aclnn_moe.moe_distribute_dispatch(**arrays, group_ep=group, **numbers)
    arrays["x"].buffer.close()
    with pytest.raises(ValueError, match="buffer is closed"):
        aclnn_moe.moe_distribute_dispatch(**arrays, group_ep="group", **numbers)
    assert scripted.calls == []
