// SPDX-License-Identifier: Apache-2.0
// out = sum of self over dims (none: over all), each element cast to dtype, which is out's.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnReduceSum, const aclTensor* self, const aclIntArray* dims, bool keepDims,
                 aclDataType dtype, aclTensor* out);
