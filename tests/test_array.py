# SPDX-License-Identifier: Apache-2.0
"""Device arrays: to the device and back unchanged, views without copies, DLPack both ways."""

from __future__ import annotations

import gc
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from aclnn_moe import Device, DeviceArray, Stream, asarray, empty, from_pointer
from aclnn_moe.dtypes import DTYPES, DType, dtype_of, dtype_of_dlpack


def numbers(shape: tuple[int, ...], dtype: Any = np.int32) -> np.ndarray[Any, np.dtype[Any]]:
    return np.arange(int(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_every_dtype_comes_back_unchanged(dtype: DType) -> None:
    source = (numbers((5, 7)) % 2).astype(dtype.numpy)
    array = asarray(source, 0)
    assert array.dtype == dtype.numpy
    assert array.nbytes == 35 * dtype.itemsize
    back = array.numpy()
    assert back.dtype == source.dtype
    assert back.tobytes() == source.tobytes()


def test_dtype_table_has_cann_numbers() -> None:
    assert {dtype.name: dtype.acl for dtype in DTYPES} == {
        "float32": 0,
        "float16": 1,
        "int8": 2,
        "int32": 3,
        "uint8": 4,
        "int16": 6,
        "uint16": 7,
        "uint32": 8,
        "int64": 9,
        "uint64": 10,
        "float64": 11,
        "bool": 12,
        "bfloat16": 27,
    }
    assert dtype_of("bfloat16") is dtype_of(ml_dtypes.bfloat16)
    assert dtype_of_dlpack(4, 16, 1) is dtype_of("bfloat16")
    with pytest.raises(TypeError, match="want one of float32"):
        dtype_of(np.complex64)
    with pytest.raises(TypeError, match="2 lanes"):
        dtype_of_dlpack(2, 32, 2)


def test_asarray_makes_what_is_not_contiguous_contiguous() -> None:
    source = numbers((6, 8)).T[::2]
    array = asarray(source, 0)
    assert array.is_contiguous
    assert array.strides == (6, 1)
    np.testing.assert_array_equal(array.numpy(), source)


def test_asarray_takes_sequences_and_converts_dtypes() -> None:
    assert asarray([1, 2, 3], 0).dtype == np.int64
    array = asarray([[1.5, 2.0]], 0, dtype="bfloat16")
    assert array.dtype == ml_dtypes.bfloat16
    assert array.numpy().astype(np.float32).tolist() == [[1.5, 2.0]]


def test_asarray_returns_a_device_array_as_it_is() -> None:
    array = asarray(numbers((3,)), 1)
    assert asarray(array) is array
    assert asarray(array, 1) is array
    with pytest.raises(ValueError, match=r"on device 1: want device 0"):
        asarray(array, 0)
    with pytest.raises(ValueError, match="want float32"):
        asarray(array, dtype=np.float32)


def test_asarray_uses_the_threads_device() -> None:
    Device(2).use()
    try:
        assert asarray([1]).device == Device(2)
    finally:
        Device(0).use()


def test_asarray_refuses_what_devices_do_not_have() -> None:
    with pytest.raises(TypeError, match="dtype is dtype"):
        asarray(np.zeros(2, np.complex64), 0)
    with pytest.raises(ValueError, match="9 dimensions: want at most 8"):
        asarray(np.zeros((1,) * 9), 0)


def test_copy_on_a_stream_keeps_its_source_until_it_is_done() -> None:
    with Stream(0) as stream:
        arrays = []
        for i in range(50):
            arrays.append(asarray(np.full(1000, i), 0, stream=stream))
        gc.collect()
        stream.synchronize()
        assert [int(a.numpy()[-1]) for a in arrays] == list(range(50))


def test_numpy_waits_for_the_work_on_its_memory() -> None:
    with Stream(0) as stream:
        array = asarray(np.ones(1 << 20, np.float32), 0, stream=stream)
        assert array.numpy().sum() == 1 << 20
        assert array.numpy(stream=stream).sum() == 1 << 20


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_indexing_gives_what_numpy_gives(data: st.DataObject) -> None:
    shape = data.draw(npst.array_shapes(min_dims=1, max_dims=4, max_side=6))
    source = numbers(shape)
    key = data.draw(npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    keys = key if isinstance(key, tuple) else (key,)
    if any(isinstance(k, slice) and k.step is not None and k.step < 0 for k in keys):
        return
    view = asarray(source, 0)[key]
    wanted = source[key]
    assert view.shape == wanted.shape
    np.testing.assert_array_equal(view.numpy(), wanted)


def test_views_share_memory() -> None:
    array = asarray(numbers((4, 6)), 0)
    row = array[2]
    assert row.data_ptr == array.data_ptr + 2 * 6 * 4
    row.copy_from(np.full(6, -1, np.int32))
    assert array.numpy()[2].tolist() == [-1] * 6
    assert array.numpy()[1].tolist() == list(range(6, 12))


def test_views_keep_their_memory_alive() -> None:
    view = asarray(numbers((1000,)), 0)[10:20]
    gc.collect()
    others = [asarray(np.full(1000, -1, np.int32), 0) for _ in range(8)]
    assert view.numpy().tolist() == list(range(10, 20))
    assert len(others) == 8


def test_indexing_refuses_what_it_cannot_express() -> None:
    array = asarray(numbers((4, 6)), 0)
    with pytest.raises(ValueError, match="want a step of 1 or more"):
        array[::-1]
    with pytest.raises(IndexError, match="index 4 is out of range for an axis of 4"):
        array[4]
    with pytest.raises(IndexError, match="too many indices"):
        array[0, 0, 0]
    with pytest.raises(TypeError, match="want int, slice"):
        array["a"]


def test_transpose_and_reshape_are_views() -> None:
    source = numbers((2, 3, 4))
    array = asarray(source, 0)
    np.testing.assert_array_equal(array.T.numpy(), source.T)
    np.testing.assert_array_equal(array.transpose(1, 0, 2).numpy(), source.transpose(1, 0, 2))
    np.testing.assert_array_equal(array.reshape(6, -1).numpy(), source.reshape(6, 4))
    np.testing.assert_array_equal(array.reshape((24,)).numpy(), source.ravel())
    assert array.T.data_ptr == array.data_ptr
    assert array.T.strides == (1, 4, 12)
    with pytest.raises(ValueError, match="without a copy"):
        array.T.reshape(24)
    with pytest.raises(ValueError, match=r"cannot reshape \(2, 3, 4\)"):
        array.reshape(5, 5)
    with pytest.raises(ValueError, match="every axis of 3 once"):
        array.transpose(0, 0, 1)


def test_copy_from_checks_shape_dtype_and_strides() -> None:
    array = empty((2, 3), "int32", 0)
    array.copy_from(numbers((2, 3)))
    other = empty((2, 3), "int32", 0)
    other.copy_from(array)
    assert other.numpy().tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(TypeError, match="source is int64: want int32"):
        array.copy_from(numbers((2, 3), np.int64))
    with pytest.raises(ValueError, match=r"source has shape \(3, 2\): want \(2, 3\)"):
        array.copy_from(numbers((3, 2)))
    with pytest.raises(ValueError, match="destination has strides"):
        array.T.copy_from(numbers((3, 2)))


def test_copy_from_another_device() -> None:
    source = asarray(numbers((100,)), 0)
    target = empty((100,), "int32", 1)
    target.copy_from(source)
    assert target.numpy().tolist() == list(range(100))


def test_empty_arrays_have_no_elements_but_an_address() -> None:
    array = empty((0, 5), "bfloat16", 0)
    assert (array.size, array.nbytes, len(array)) == (0, 0, 0)
    assert array.data_ptr > 0
    assert array.numpy().shape == (0, 5)
    with pytest.raises(ValueError, match=r"shape is \(-1,\)"):
        empty((-1,), "int8", 0)
    with pytest.raises(TypeError, match="no length"):
        len(empty((), "int8", 0))


def test_from_pointer_is_the_same_memory_and_keeps_its_owner() -> None:
    base = asarray(numbers((4, 4)), 0)
    same = from_pointer(base.data_ptr, (2, 4), "int32", 0, strides=(8, 1), owner=base)
    del base
    gc.collect()
    assert same.numpy().tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    with pytest.raises(ValueError, match="strides are"):
        from_pointer(4096, (2, 2), "int32", 0, strides=(1,))
    with pytest.raises(ValueError, match="data_ptr is 0"):
        from_pointer(0, (2,), "int32", 0)


def test_closed_buffer_is_refused() -> None:
    array = asarray(numbers((4,)), 0)
    array.buffer.close()
    assert "closed" in repr(array)
    with pytest.raises(ValueError, match="buffer is closed"):
        array.numpy()
    with pytest.raises(ValueError, match="buffer is closed"):
        _ = array.data_ptr


def test_numpy_does_not_take_a_device_array_for_a_sequence() -> None:
    array = asarray(numbers((4,)), 0)
    with pytest.raises(TypeError):
        np.add(np.ones(4), array)


def test_dlpack_hands_the_memory_to_numpy_without_a_copy() -> None:
    array = asarray(numbers((3, 4), np.float32), 0)
    assert array.__dlpack_device__() == (1, 0)
    view = np.from_dlpack(array)
    assert view.ctypes.data == array.data_ptr
    array.copy_from(np.full((3, 4), 7, np.float32))
    assert view.sum() == 84
    del array
    gc.collect()
    assert view.sum() == 84


def test_dlpack_of_a_strided_view() -> None:
    source = numbers((4, 6))
    view = np.from_dlpack(asarray(source, 0)[1:, ::2])
    np.testing.assert_array_equal(view, source[1:, ::2])


def test_dlpack_capsule_that_nobody_takes_lets_go() -> None:
    array = asarray(numbers((3,)), 0)
    import sys

    before = sys.getrefcount(array)
    capsule = array.__dlpack__()
    assert sys.getrefcount(array) == before + 1
    del capsule
    assert sys.getrefcount(array) == before


def test_dlpack_refuses_other_devices_and_copies() -> None:
    array = asarray(numbers((3,)), 0)
    with pytest.raises(BufferError, match="dl_device is"):
        array.__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="copy=True"):
        array.__dlpack__(copy=True)


class Exporter:
    """CPU memory under DLPack, as another library would hand it out."""

    def __init__(self, source: DeviceArray) -> None:
        self.source = source

    def __dlpack__(self, **options: Any) -> Any:
        return self.source.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def test_asarray_takes_dlpack_memory_of_the_cpu_by_a_copy() -> None:
    source = numbers((4, 6), ml_dtypes.bfloat16)
    inner = asarray(source, 0)
    array = asarray(Exporter(inner[:, ::3]), 1)
    assert array.device == Device(1)
    assert array.data_ptr != inner.data_ptr
    assert array.numpy().tobytes() == np.ascontiguousarray(source[:, ::3]).tobytes()
    assert asarray(Exporter(empty((0, 3), "int8", 0)), 0).shape == (0, 3)
