// SPDX-License-Identifier: Apache-2.0
// out = -self; integers wrap.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNeg, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceNeg, aclTensor* selfRef);
