// SPDX-License-Identifier: Apache-2.0
// out = self / other, rounded down; an integer divided by 0 gives 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFloorDivide, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnFloorDivides, const aclTensor* self, const aclScalar* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceFloorDivide, aclTensor* selfRef, const aclTensor* other);
ACLNN_TWO_PHASES(aclnnInplaceFloorDivides, aclTensor* selfRef, const aclScalar* other);
