// SPDX-License-Identifier: Apache-2.0
// out = self where it is above 0, else alpha * (exp(self / alpha) - 1).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCelu, const aclTensor* self, const aclScalar* alpha, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceCelu, aclTensor* selfRef, const aclScalar* alpha);
