// SPDX-License-Identifier: Apache-2.0
// aclnnAscendQuant with scale and offset along a dimension of choice.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAscendQuantV3, const aclTensor* x, const aclTensor* scale,
                 const aclTensor* offset, bool sqrtMode, const char* roundMode, int32_t dstType,
                 int32_t axis, const aclTensor* y);
