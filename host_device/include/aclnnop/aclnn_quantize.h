// SPDX-License-Identifier: Apache-2.0
// out = rint(x / scales) + zeroPoints, held in dtype's range.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnQuantize, const aclTensor* x, const aclTensor* scales,
                 const aclTensor* zeroPoints, aclDataType dtype, int32_t axis, aclTensor* out);
