// SPDX-License-Identifier: Apache-2.0
// Standard deviation and mean of self over dim (none: over all).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnStdMeanCorrection, const aclTensor* self, const aclIntArray* dim,
                 int64_t correction, bool keepdim, aclTensor* stdOut, aclTensor* meanOut);
