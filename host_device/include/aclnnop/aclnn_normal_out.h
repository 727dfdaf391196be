// SPDX-License-Identifier: Apache-2.0
// out = numbers of the normal distribution.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNormalTensorTensor, const aclTensor* mean, const aclTensor* std, int64_t seed,
                 int64_t offset, aclTensor* out);
ACLNN_TWO_PHASES(aclnnNormalTensorFloat, const aclTensor* mean, float std, int64_t seed,
                 int64_t offset, aclTensor* out);
ACLNN_TWO_PHASES(aclnnNormalFloatTensor, float mean, const aclTensor* std, int64_t seed,
                 int64_t offset, aclTensor* out);
ACLNN_TWO_PHASES(aclnnNormalFloatFloat, float mean, float std, int64_t seed, int64_t offset,
                 aclTensor* out);
