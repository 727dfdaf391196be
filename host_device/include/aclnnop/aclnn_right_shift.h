// SPDX-License-Identifier: Apache-2.0
// out = self >> other, which keeps the sign; other outside of the number of bits gives 0 or -1.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRightShift, const aclTensor* input, const aclTensor* shiftBits,
                 aclTensor* out);
