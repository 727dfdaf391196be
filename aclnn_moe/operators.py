# SPDX-License-Identifier: Apache-2.0
"""The operators: dispatch, and combine + add + RMSNorm.

All are collective over the EP group: every rank calls them, in the same order. On device arrays
they are asynchronous: they queue work on a stream, copy nothing and wait for nothing. On arrays in
CPU memory, of numpy, torch or any other library, they wait for the results.
"""

from aclnn_moe.combine import CombineResult, moe_distribute_combine_add_rms_norm
from aclnn_moe.dispatch import (
    DispatchResult,
    moe_distribute_dispatch,
    moe_distribute_dispatch_v2,
)

__all__ = [
    "CombineResult",
    "DispatchResult",
    "moe_distribute_combine_add_rms_norm",
    "moe_distribute_dispatch",
    "moe_distribute_dispatch_v2",
]
