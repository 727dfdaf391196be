# SPDX-License-Identifier: Apache-2.0
"""Memory of the program that the device uses in place: who may, how long, and what cannot."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import aclnn_moe
from aclnn_moe import _ffi, lent_memory
from aclnn_moe.lent_memory import lend

NBYTES = 4096


class Owner:
    """Something to hold on to."""


@pytest.fixture(autouse=True)
def on_device_0() -> Iterator[None]:
    """Choose a device, and see that nothing stays lent."""
    aclnn_moe.Device(0).use()
    yield
    gc.collect()
    lend(address(np.zeros(8)), 8, None).give_back()
    assert not lent_memory._ranges


def address(array: np.ndarray[Any, np.dtype[Any]]) -> int:
    return int(array.__array_interface__["data"][0])


def is_known(pointer: int, nbytes: int) -> bool:
    """Tell whether the runtime takes a range for device memory, by copying within the device."""
    ffi, lib = _ffi.ffi, _ffi.lib
    target = aclnn_moe.empty((nbytes,), "int8", 0)
    status = lib.aclrtMemcpy(
        ffi.cast("void*", target.data_ptr),
        nbytes,
        ffi.cast("void*", pointer),
        nbytes,
        lib.ACL_MEMCPY_DEVICE_TO_DEVICE,
    )
    lib.aclGetRecentErrMsg()
    return bool(status == 0)


def test_lent_memory_is_the_devices_until_it_is_given_back() -> None:
    array = np.zeros(NBYTES, np.uint8)
    loan = lend(address(array), NBYTES, array)
    assert is_known(address(array), NBYTES)
    loan.give_back()
    assert not is_known(address(array), NBYTES)
    loan.give_back()


def test_a_range_lent_twice_stays_until_both_are_given_back() -> None:
    array = np.zeros(NBYTES, np.uint8)
    whole = lend(address(array), NBYTES, None)
    part = lend(address(array) + 64, 64, None)
    assert whole is not None and part is not None
    whole.give_back()
    assert is_known(address(array), NBYTES)
    part.give_back()
    assert not is_known(address(array), NBYTES)


def test_a_range_that_overlaps_another_in_part_cannot_be_lent() -> None:
    array = np.zeros(NBYTES, np.uint8)
    first = lend(address(array), NBYTES // 2, None)
    assert lend(address(array) + 64, NBYTES // 2, None) is None
    assert lend(address(array), NBYTES, None) is None
    first.give_back()
    again = lend(address(array), NBYTES, None)
    assert again is not None
    again.give_back()


def test_device_memory_is_lent_as_it_is() -> None:
    array = aclnn_moe.empty((NBYTES,), "int8", 0)
    loan = lend(array.data_ptr + 10, 100, array)
    assert loan is not None
    assert not lent_memory._ranges
    loan.give_back()
    assert is_known(array.data_ptr, NBYTES)


def test_memory_that_the_program_pinned_cannot_be_lent() -> None:
    pinned = aclnn_moe.pinned_empty((NBYTES,), np.uint8)
    assert lend(address(pinned), NBYTES, pinned) is None


def test_the_owner_lives_as_long_as_the_loan() -> None:
    array = np.zeros(NBYTES, np.uint8)
    owner = Owner()
    alive = weakref.ref(owner)
    loan = lend(address(array), NBYTES, owner)
    del owner
    assert alive() is not None
    loan.give_back()
    assert alive() is None


def test_a_loan_that_is_dropped_is_given_back_with_the_next_one() -> None:
    array, other = np.zeros(NBYTES, np.uint8), np.zeros(8, np.uint8)
    owner = Owner()
    alive = weakref.ref(owner)
    loan = lend(address(array), NBYTES, owner)
    del owner, loan
    gc.collect()
    assert alive() is not None and is_known(address(array), NBYTES)
    lend(address(other), 8, other).give_back()
    assert alive() is None and not is_known(address(array), NBYTES)
