// SPDX-License-Identifier: Apache-2.0
// The lower median of all elements of self, or of those along dim and where it is. NaN makes the
// median NaN, or is left out (NanMedian).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMedian, const aclTensor* self, aclTensor* valuesOut);
ACLNN_TWO_PHASES(aclnnMedianDim, const aclTensor* self, int64_t dim, bool keepDim,
                 aclTensor* valuesOut, aclTensor* indicesOut);
ACLNN_TWO_PHASES(aclnnNanMedian, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnNanMedianDim, const aclTensor* self, int64_t dim, bool keepDim,
                 aclTensor* valuesOut, aclTensor* indicesOut);
