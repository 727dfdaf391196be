// SPDX-License-Identifier: Apache-2.0
// The smallest and the largest elements of self over dim (none: over all).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAminmax, const aclTensor* self, const aclIntArray* dim, bool keepDim,
                 aclTensor* minOut, aclTensor* maxOut);
