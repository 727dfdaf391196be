// SPDX-License-Identifier: Apache-2.0
// out = variance of self over dim (none: over all): squares are divided by the count less the
// correction.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnVar, const aclTensor* self, const aclIntArray* dim, bool unbiased,
                 bool keepdim, aclTensor* out);
ACLNN_TWO_PHASES(aclnnVarCorrection, const aclTensor* self, const aclIntArray* dim,
                 int64_t correction, bool keepdim, aclTensor* out);
