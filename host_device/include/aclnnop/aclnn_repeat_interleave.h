// SPDX-License-Identifier: Apache-2.0
// out = every element of self (flat, or slice along dim) repeats times; outputSize is their sum.
// Tensor: out = every index i of repeats, repeats[i] times.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRepeatInterleave, const aclTensor* self, const aclTensor* repeats,
                 int64_t outputSize, aclTensor* out);
ACLNN_TWO_PHASES(aclnnRepeatInterleaveWithDim, const aclTensor* self, const aclTensor* repeats,
                 int64_t dim, int64_t outputSize, aclTensor* out);
ACLNN_TWO_PHASES(aclnnRepeatInterleaveInt, const aclTensor* self, int64_t repeats,
                 int64_t outputSize, aclTensor* out);
ACLNN_TWO_PHASES(aclnnRepeatInterleaveIntWithDim, const aclTensor* self, int64_t repeats,
                 int64_t dim, int64_t outputSize, aclTensor* out);
ACLNN_TWO_PHASES(aclnnRepeatInterleaveTensor, const aclTensor* repeats, int64_t outputSize,
                 aclTensor* out);
