// SPDX-License-Identifier: Apache-2.0
// out = standard deviation of self over dim (none: over all).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnStd, const aclTensor* self, const aclIntArray* dim, const int64_t correction,
                 bool keepdim, aclTensor* out);
