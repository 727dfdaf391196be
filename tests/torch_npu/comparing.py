# SPDX-License-Identifier: Apache-2.0
"""Operators on the NPU compared with torch on the CPU: one function, the same tensors, twice.

A tensor goes over with its memory: strides, offset and what lies between its elements are the same
on both sides, and all of it is compared after a function that writes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch_npu  # noqa: F401

FLOATING = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
NUMBERS = FLOATING + INTEGERS
DTYPES = (*NUMBERS, torch.bool)

# A few units in the last place: libm and torch's vector code differ by one or two.
ULP = {
    torch.float64: 2.0**-50,
    torch.float32: 2.0**-21,
    torch.float16: 2.0**-10,
    torch.bfloat16: 2.0**-7,
}


def name_of(dtype: torch.dtype) -> str:
    """Name for a test's parameter."""
    return str(dtype).removeprefix("torch.")


def values(
    dtype: torch.dtype,
    shape: tuple[int, ...] = (3, 5),
    low: float = -4.0,
    high: float = 4.0,
    seed: int = 0,
) -> torch.Tensor:
    """Make numbers of [low, high); an unsigned dtype has those that are not negative."""
    generator = torch.Generator().manual_seed(seed)
    if dtype == torch.bool:
        return torch.randint(0, 2, shape, generator=generator).bool()
    if dtype.is_floating_point:
        return (
            torch.empty(shape, dtype=torch.float64)
            .uniform_(low, high, generator=generator)
            .to(dtype)
        )
    start = max(math.ceil(low), torch.iinfo(dtype).min)
    return torch.randint(start, math.ceil(high), shape, generator=generator).to(dtype)


def edges(dtype: torch.dtype) -> torch.Tensor:
    """Make the numbers of a dtype that go wrong first."""
    if dtype == torch.bool:
        return torch.tensor([True, False])
    if not dtype.is_floating_point:
        info = torch.iinfo(dtype)
        return torch.tensor(
            [info.min, info.min + 1, 0, 1, 2, 7, info.max - 1, info.max], dtype=dtype
        )
    limits = torch.finfo(dtype)
    ends = (limits.max, limits.min, limits.tiny, -limits.tiny, limits.eps, limits.tiny / 2)
    inf, nan = math.inf, math.nan
    return torch.tensor(
        (0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, inf, -inf, nan, *ends),
        dtype=torch.float64,
    ).to(dtype)


def layouts(dtype: torch.dtype, low: float = -4.0, high: float = 4.0) -> dict[str, torch.Tensor]:
    """Make tensors that lie in memory in every way that matters."""
    base = values(dtype, (6, 8, 10), low, high, seed=1)
    return {
        "contiguous": base.clone(),
        "transposed": base.clone().transpose(0, 2),
        "sliced": base.clone()[1::2, ::3, 2:9],
        "column": base.clone()[:, 3, 4],
        "expanded": base.clone()[:, :1, :].expand(6, 4, 10),
        "zero_dim": base.clone()[0, 0, 0],
        "empty": base.clone()[:0],
        "long": values(dtype, (70, 1100), low, high, seed=2),
    }


def memory_of(tensor: torch.Tensor) -> torch.Tensor:
    """Return the whole memory that a tensor is a view of."""
    size = tensor.untyped_storage().nbytes() // tensor.element_size()
    return tensor.detach().as_strided((size,), (1,), 0)


def to_npu(argument: Any) -> Any:
    """Copy tensors, and what lists and tuples hold, with their memory; leave anything else."""
    if isinstance(argument, torch.Tensor):
        memory = memory_of(argument).npu()
        return memory.as_strided(argument.shape, argument.stride(), argument.storage_offset())
    if isinstance(argument, (list, tuple)):
        return type(argument)(to_npu(item) for item in argument)
    return argument


def assert_same(
    function: Callable[..., Any],
    *arguments: Any,
    rtol: float = 0.0,
    atol: float = 0.0,
    writes: bool = False,
    **options: Any,
) -> Any:
    """Run a function on both devices and compare what it returns, and with `writes` its arguments.

    Tolerances are 0: equal to the bit but for the sign and payload of a NaN. Returns what the NPU
    gave, on the CPU.
    """
    given = to_npu(list(arguments))
    got = function(*given, **options)
    want = function(*arguments, **options)
    assert_agree(got, want, rtol, atol)
    if writes:
        for own, other in zip(given, arguments, strict=True):
            if isinstance(own, torch.Tensor):
                assert_agree(memory_of(own), memory_of(other), rtol, atol)
    return _to_cpu(got)


def assert_agree(got: Any, want: Any, rtol: float = 0.0, atol: float = 0.0) -> None:
    """Compare what an NPU gave with what is wanted: tensors, values, lists and tuples of them."""
    if isinstance(want, torch.Tensor):
        assert isinstance(got, torch.Tensor), f"got {got!r}"
        assert got.device.type == "npu", f"got a tensor on {got.device}"
        _agree_tensors(got.cpu(), want, rtol, atol)
    elif isinstance(want, (list, tuple)):
        assert len(got) == len(want)
        for own, other in zip(got, want, strict=True):
            assert_agree(own, other, rtol, atol)
    else:
        assert type(got) is type(want), f"got {got!r}, want {want!r}"
        assert got == want or (got != got and want != want)


def _agree_tensors(got: torch.Tensor, want: torch.Tensor, rtol: float, atol: float) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    torch.testing.assert_close(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if rtol == atol == 0 and want.dtype.is_floating_point:
        numbers = ~want.isnan()
        assert torch.equal(got.signbit()[numbers], want.signbit()[numbers]), "signs of zeros differ"


def _to_cpu(result: Any) -> Any:
    if isinstance(result, torch.Tensor):
        return result.cpu()
    if isinstance(result, (list, tuple)):
        return type(result)(_to_cpu(item) for item in result)
    return result
