// SPDX-License-Identifier: Apache-2.0
// out = mean of self over dim (none: over all), each element cast to dtype, which is out's.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMean, const aclTensor* self, const aclIntArray* dim, bool keepDim,
                 aclDataType dtype, aclTensor* out);
