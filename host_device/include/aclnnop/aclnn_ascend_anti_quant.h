// SPDX-License-Identifier: Apache-2.0
// y = (x + offset) * scale, x int8.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAscendAntiQuant, const aclTensor* x, const aclTensor* scale,
                 const aclTensor* offset, int64_t dstType, bool sqrtMode, const aclTensor* y);
