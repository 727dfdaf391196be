# SPDX-License-Identifier: Apache-2.0
"""Shape, strides, element type and device of an array: what a descriptor is made from.

Layouts are interned: equal ones are usually the same object, and they are compared and hashed by
identity. That makes the key of a cached operator call a tuple of a few pointers.
"""

from __future__ import annotations

import math
from typing import Any

from aclnn_moe.dtypes import DType

# Bounds the table below; a program with more shapes than that makes new descriptors now and then.
_MOST_LAYOUTS = 4096

# CANN's descriptors have no more dimensions.
MOST_DIMS = 8


class Layout:
    """Shape, strides (in elements), element type and device."""

    __slots__ = ("contiguous", "device", "dtype", "nbytes", "shape", "size", "span", "strides")

    def __init__(
        self, dtype: DType, shape: tuple[int, ...], strides: tuple[int, ...], device: int
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.device = device
        self.size = math.prod(shape)
        self.nbytes = self.size * dtype.itemsize
        self.contiguous = self.size == 0 or all(
            extent == 1 or stride == expected
            for extent, stride, expected in zip(
                shape, strides, contiguous_strides(shape), strict=True
            )
        )
        # Elements from the first of the view to the last, inclusive.
        self.span = (
            1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if self.size else 0
        )

    def __repr__(self) -> str:
        text = f"{self.dtype.name} {self.shape} on device {self.device}"
        return text if self.contiguous else f"{text}, strides {self.strides}"


_layouts: dict[Any, Layout] = {}


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides, in elements, of a contiguous array."""
    strides = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= max(extent, 1)
    return tuple(reversed(strides))


def layout_of(
    dtype: DType, shape: tuple[int, ...], strides: tuple[int, ...] | None, device: int
) -> Layout:
    """Return the layout; contiguous where ``strides`` is None."""
    key = (dtype.acl, shape, strides, device)
    found = _layouts.get(key)
    if found is None:
        if strides is None:
            found = layout_of(dtype, shape, contiguous_strides(shape), device)
        else:
            found = Layout(dtype, shape, strides, device)
        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        _layouts[key] = found
    return found


def index(layout: Layout, key: Any) -> tuple[int, Layout]:  # noqa: ANN401 - as numpy's
    """Return the offset in elements and the layout of ``array[key]``: ints, slices, ..., None.

    Raises
    ------
    IndexError
        An index is out of range, or there are too many.
    TypeError
        The key holds something else.
    ValueError
        A slice steps backwards, which descriptors cannot express.
    """
    keys = key if isinstance(key, tuple) else (key,)
    used = sum(1 for k in keys if k is not None and k is not Ellipsis)
    if used > len(layout.shape) or sum(1 for k in keys if k is Ellipsis) > 1:
        raise IndexError(f"{key!r} has too many indices for shape {layout.shape}")
    if Ellipsis not in keys:
        keys = (*keys, Ellipsis)
    at = keys.index(Ellipsis)
    fill = (slice(None),) * (len(layout.shape) - used)
    offset, axis = 0, 0
    shape: list[int] = []
    strides: list[int] = []
    for k in (*keys[:at], *fill, *keys[at + 1 :]):
        if k is None:
            shape.append(1)
            strides.append(1)
            continue
        extent, stride = layout.shape[axis], layout.strides[axis]
        axis += 1
        if isinstance(k, slice):
            start, stop, step = k.indices(extent)
            if step < 0:
                raise ValueError(f"slice {k!r}: want a step of 1 or more")
            length = len(range(start, stop, step))
            offset += start * stride if length else 0
            shape.append(length)
            strides.append(stride * step)
        elif hasattr(k, "__index__") and not isinstance(k, bool):
            place = k.__index__()
            if not -extent <= place < extent:
                raise IndexError(f"index {place} is out of range for an axis of {extent}")
            offset += place % extent * stride
        else:
            raise TypeError(f"index {k!r}: want int, slice, ... or None")
    return offset, layout_of(layout.dtype, tuple(shape), tuple(strides), layout.device)


def reshape(layout: Layout, shape: tuple[int, ...]) -> Layout:
    """Return the layout of a contiguous array in another shape; one extent may be -1.

    Raises
    ------
    ValueError
        The sizes differ, or the array is not contiguous.
    """
    known = math.prod(n for n in shape if n != -1)
    if shape.count(-1) == 1 and known > 0:
        shape = tuple(layout.size // known if n == -1 else n for n in shape)
    if any(n < 0 for n in shape) or math.prod(shape) != layout.size:
        raise ValueError(f"cannot reshape {layout.shape} ({layout.size} elements) into {shape}")
    if not layout.contiguous:
        raise ValueError(
            f"cannot reshape an array with strides {layout.strides} without a copy; "
            "copy it into a new one first"
        )
    return layout_of(layout.dtype, shape, None, layout.device)
