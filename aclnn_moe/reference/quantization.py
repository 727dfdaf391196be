# SPDX-License-Identifier: Apache-2.0
"""Rows as int8: one scale per row on the way to the experts, one per 8 elements on the way back."""

from __future__ import annotations

import numpy as np

from aclnn_moe.reference.rounding import Array, Float32, to_bf16, to_f32

INT8_MAX = np.float32(127.0)
INT8_NAN = -128  # stands for NaN, of comm_quant_mode 2
COMM_BLOCK = 8  # elements that share one scale, of comm_quant_mode 2


def quantize_rows(rows: Array, factors: Float32 | None) -> tuple[Array, Float32]:
    """Quantise each row by its own largest magnitude (quant_mode 2).

    Parameters
    ----------
    rows : bfloat16 or float16, (n, H)
        Rows as they left their rank.
    factors : float32, (H,), optional
        Smoothing factors of the expert that gets the rows.

    Returns
    -------
    q : int8, (n, H)
        ``rint(v * 127 / max|v|)`` with ``v = rows * factors``; a row of zeros gives zeros, and NaN
        gives 0.
    scales : float32, (n,)
        ``max|v| / 127``. NaN is no candidate for the maximum.
    """
    values = to_f32(rows)
    if factors is not None:
        values = values * factors
    largest = np.fmax.reduce(np.abs(values), axis=1, initial=np.float32(0))
    q = np.zeros(values.shape, np.int8)
    some = largest > 0
    with np.errstate(over="ignore", invalid="ignore"):
        q[some] = _to_int8(values[some] * INT8_MAX / largest[some, None])
    return q, largest / INT8_MAX


def dequantize(q: Array, scales: Float32) -> Float32:
    """Multiply int8 rows (n, H) out with their scales (n,); float32."""
    return q.astype(np.float32) * scales[:, None]


def through_int8(rows: Array) -> Array:
    """Tell what arrives of bfloat16 rows (n, H) that travel in int8 blocks (comm_quant_mode 2).

    Each block of 8 travels with ``scale = bf16(max|block| / 127)`` as ``q = rint(x / scale)``,
    within -127 to 127, and arrives as ``bf16(q * scale)``.

    NaN travels as -128, which no number does, and is no candidate for the maximum. An infinity is
    one: it arrives as it was, and the numbers beside it as 0, as they do when the scale is 0.
    """
    count, hidden = rows.shape
    blocks = to_f32(rows).reshape(count, hidden // COMM_BLOCK, COMM_BLOCK)
    largest = np.fmax.reduce(np.abs(blocks), axis=2, initial=np.float32(0))
    scales = to_f32(to_bf16(largest / INT8_MAX))[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        q = _to_int8(blocks / scales)
        q[np.isposinf(blocks)] = INT8_MAX
        q[np.isneginf(blocks)] = -INT8_MAX
        q[np.isnan(blocks)] = INT8_NAN
        # 0 times an infinite scale is 0 here.
        arrived = np.where(q == 0, np.float32(0), q.astype(np.float32) * scales)
    arrived[q == INT8_NAN] = np.nan
    return to_bf16(arrived.reshape(count, hidden))


def _to_int8(values: Float32) -> Array:
    """Round half to even, saturate; NaN gives 0."""
    whole = np.clip(np.rint(values), -INT8_MAX, INT8_MAX)
    return np.where(np.isnan(whole), np.float32(0), whole).astype(np.int8)
