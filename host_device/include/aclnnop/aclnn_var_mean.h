// SPDX-License-Identifier: Apache-2.0
// Variance and mean of self over dim (none: over all).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnVarMean, const aclTensor* self, const aclIntArray* dim, int64_t correction,
                 bool keepdim, aclTensor* varOut, aclTensor* meanOut);
