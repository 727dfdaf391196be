// SPDX-License-Identifier: Apache-2.0
// out = the largest elements of self over dim (none: over all).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAmax, const aclTensor* self, const aclIntArray* dim, bool keepDim,
                 aclTensor* out);
