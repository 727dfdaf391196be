// SPDX-License-Identifier: Apache-2.0
// out = log of the sum of exp(self) over dim (none: over all).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogSumExp, const aclTensor* self, const aclIntArray* dim, bool keepDim,
                 aclTensor* out);
