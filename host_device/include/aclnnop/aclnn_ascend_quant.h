// SPDX-License-Identifier: Apache-2.0
// y = round(x * scale + offset), held in the range of int8.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAscendQuant, const aclTensor* x, const aclTensor* scale,
                 const aclTensor* offset, bool sqrtMode, const char* roundMode, int32_t dstType,
                 const aclTensor* y);
