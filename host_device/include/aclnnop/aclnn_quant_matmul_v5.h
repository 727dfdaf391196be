// SPDX-License-Identifier: Apache-2.0
// aclnnQuantMatmulV4 with names for more scales, which the host device does not use.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnQuantMatmulV5, const aclTensor* x1, const aclTensor* x2,
                 const aclTensor* x1Scale, const aclTensor* x2Scale, const aclTensor* yScale,
                 const aclTensor* x1Offset, const aclTensor* x2Offset, const aclTensor* yOffset,
                 const aclTensor* bias, bool transposeX1, bool transposeX2, int64_t groupSize,
                 aclTensor* out);
