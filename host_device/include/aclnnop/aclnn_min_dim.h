// SPDX-License-Identifier: Apache-2.0
// The smallest elements of self over dim, and where the first of them is.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMinDim, const aclTensor* self, int64_t dim, bool keepdim, aclTensor* out,
                 aclTensor* indices);
