// SPDX-License-Identifier: Apache-2.0
// out = sum of self over dim (none: over all), with NaN as 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnReduceNansum, const aclTensor* self, const aclIntArray* dim, bool keepDim,
                 aclDataType dtype, aclTensor* out);
