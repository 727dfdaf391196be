# SPDX-License-Identifier: Apache-2.0
"""The operator and its partner in numpy, for all ranks at once: the oracle, and readable.

Nothing here communicates. The inputs of every rank lie side by side in one list, and "sending" a
row is an assignment from one rank's array to another's. Read the files in the order in which a
token travels:

1. `config`: the attributes of a call and the rules between them.
2. `topology`: which rank holds which expert.
3. `choices`: which rows a rank sends, after masks and special experts.
4. `dispatching`: rows to the ranks of their experts, with `quantization` on the way.
5. `return_path`: which row belongs to which choice.
6. `combining`: rows back to their tokens, weighted sum, residual, RMSNorm.

Every float operation is written in the order and precision of the specification, so that a device
can be held to it bit for bit. Sizes are not limited: a hidden size of 4 is as good as one of 7168.
"""

from aclnn_moe.reference.agreement import Agreement, bf16_units
from aclnn_moe.reference.combining import combine_add_rms_norm
from aclnn_moe.reference.config import MoeConfig
from aclnn_moe.reference.dispatching import dispatch
from aclnn_moe.reference.quantization import dequantize
from aclnn_moe.reference.tensors import CombineInput, CombineOutput, DispatchInput, DispatchOutput

__all__ = [
    "Agreement",
    "CombineInput",
    "CombineOutput",
    "DispatchInput",
    "DispatchOutput",
    "MoeConfig",
    "bf16_units",
    "combine_add_rms_norm",
    "dequantize",
    "dispatch",
]
