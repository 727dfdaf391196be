# SPDX-License-Identifier: Apache-2.0
"""How fast this machine copies memory: what no combine can beat."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# Far more than any cache holds.
BUFFER_BYTES = 256 << 20
REPEATS = 7


def copy_gb_per_s(threads: int) -> float:
    """Measure memory traffic (bytes read plus bytes written) of plain copies, in GB/s.

    numpy copies contiguous arrays with the C library's memcpy, without the interpreter lock.
    """
    share = BUFFER_BYTES // threads
    pairs = [(np.ones(share, np.uint8), np.ones(share, np.uint8)) for _ in range(threads)]
    seconds = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(REPEATS):
            start = time.perf_counter()
            list(pool.map(lambda pair: np.copyto(*pair), pairs))
            seconds.append(time.perf_counter() - start)
    return 2 * share * threads / min(seconds) / 1e9
