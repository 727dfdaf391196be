# SPDX-License-Identifier: Apache-2.0
"""Statuses of C become exceptions that say what happened, and survive a trip between processes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from aclnn_moe import errors
from aclnn_moe.errors import (
    AclError,
    AclMemoryError,
    AclNotSupportedError,
    AclTimeoutError,
    LibraryNotFoundError,
    SymbolNotFoundError,
)


def test_text_names_function_status_code_and_reason() -> None:
    error = errors.from_status(561002, "aclnnXGetWorkspaceSize", "H is 1000: want a multiple of 32")
    assert str(error) == (
        "aclnnXGetWorkspaceSize failed with ACLNN_ERR_INNER_TILING_ERROR (561002): "
        "H is 1000: want a multiple of 32"
    )
    assert (error.code, error.name) == (561002, "ACLNN_ERR_INNER_TILING_ERROR")
    assert (error.function, error.message) == (
        "aclnnXGetWorkspaceSize",
        "H is 1000: want a multiple of 32",
    )


@pytest.mark.parametrize(
    ("function", "message", "reason"),
    [
        ("aclrtSetDevice", "aclrtSetDevice: deviceId is 99", "deviceId is 99"),
        ("aclnnAddGetWorkspaceSize", "aclnnAdd: self is null", "self is null"),
        ("aclrtSynchronizeStream", "aclnnAdd: no memory", "aclnnAdd: no memory"),
        ("aclnnAdd", "self: no memory", "self: no memory"),
        ("aclnnAddV2", "aclnnAdd: no memory", "aclnnAdd: no memory"),
    ],
)
def test_a_function_that_its_message_names_too_is_named_once(
    function: str, message: str, reason: str
) -> None:
    error = errors.from_status(424242, function, message)
    assert str(error) == f"{function} failed with unknown status (424242): {reason}"
    assert error.message == message


def test_text_without_reason_ends_with_the_code() -> None:
    assert str(errors.from_status(107002, "aclrtMalloc")) == (
        "aclrtMalloc failed with ACL_ERROR_RT_CONTEXT_NULL (107002)"
    )


def test_unknown_status_keeps_its_number() -> None:
    error = errors.from_status(424242, "f")
    assert (error.code, error.name) == (424242, "unknown status")


@pytest.mark.parametrize(
    ("code", "name", "kind", "builtin"),
    [
        (507046, "ACL_ERROR_RT_STREAM_SYNC_TIMEOUT", AclTimeoutError, TimeoutError),
        (507047, "ACL_ERROR_RT_EVENT_SYNC_TIMEOUT", AclTimeoutError, TimeoutError),
        (9, "HCCL_E_TIMEOUT", AclTimeoutError, TimeoutError),
        (207001, "ACL_ERROR_RT_MEMORY_ALLOCATION", AclMemoryError, MemoryError),
        (200000, "ACL_ERROR_BAD_ALLOC", AclMemoryError, MemoryError),
        (24, "HCCL_E_OOM", AclMemoryError, MemoryError),
        (200001, "ACL_ERROR_API_NOT_SUPPORT", AclNotSupportedError, NotImplementedError),
        (5, "HCCL_E_NOT_SUPPORT", AclNotSupportedError, NotImplementedError),
        (161001, "ACLNN_ERR_PARAM_NULLPTR", AclError, RuntimeError),
    ],
)
def test_status_is_also_the_builtin_kind(
    code: int, name: str, kind: type[AclError], builtin: type[Exception]
) -> None:
    error = errors.from_status(code, "f", "why")
    assert type(error) is kind
    assert isinstance(error, AclError) and isinstance(error, builtin)
    assert error.name == name


@pytest.mark.parametrize("code", [561002, 507046, 207001, 200001])
def test_error_survives_pickling(code: int) -> None:
    error = errors.from_status(code, "aclnnX", "why")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert (copy.code, copy.function, copy.message) == (code, "aclnnX", "why")


@pytest.mark.parametrize(
    ("kind", "builtin", "code"),
    [(LibraryNotFoundError, OSError, 100025), (SymbolNotFoundError, LookupError, 100024)],
)
def test_load_errors_list_every_path_in_order(
    kind: type[LibraryNotFoundError] | type[SymbolNotFoundError],
    builtin: type[Exception],
    code: int,
) -> None:
    error = kind.listing("aclnnX", "no library has it", [("/a", "absent"), ("/b", "no symbol")])
    assert isinstance(error, AclError) and isinstance(error, builtin)
    assert str(error) == "no library has it; tried, in order:\n  /a: absent\n  /b: no symbol"
    assert error.code == code
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_missing_operator_names_every_library_and_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aclnn_moe import _ffi

    monkeypatch.setenv("ASCEND_CUSTOM_OPP_PATH", str(tmp_path / "absent"))
    installation = _ffi.load()
    with pytest.raises(SymbolNotFoundError) as caught:
        _ffi.find_operator("aclnnNoSuchOperator")
    lines = str(caught.value).splitlines()
    assert lines[0] == "no library has the operator aclnnNoSuchOperator; tried, in order:"
    found = dict(line.strip().split(": ", 1) for line in lines[1:])
    absent = str(tmp_path / "absent" / "op_api" / "lib" / "libcust_opapi.so")
    assert found[absent].startswith(f"missing: there is no folder {tmp_path}/absent; remedy: ")
    assert found["remedy"].startswith("install a package that has it, or name its vendor folder")
    assert found[str(installation.library("libopapi.so"))] == "present without the symbol"


def test_operators_are_found_in_the_package_before_libopapi() -> None:
    from aclnn_moe import _ffi

    installation = _ffi.load()
    combine = _ffi.find_operator("aclnnMoeDistributeCombineAddRmsNorm")
    assert combine.path.name == "libcust_opapi.so"
    dispatch = _ffi.find_operator("aclnnMoeDistributeDispatchV2")
    assert dispatch.path == installation.library("libopapi.so")
