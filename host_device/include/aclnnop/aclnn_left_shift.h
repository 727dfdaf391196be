// SPDX-License-Identifier: Apache-2.0
// out = self << other; 0 where other is negative or as large as the number of bits.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLeftShift, const aclTensor* self, const aclTensor* shiftBits, aclTensor* out);
ACLNN_TWO_PHASES(aclnnLeftShifts, const aclTensor* self, const aclScalar* shiftBits,
                 aclTensor* out);
