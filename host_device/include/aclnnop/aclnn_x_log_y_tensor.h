// SPDX-License-Identifier: Apache-2.0
// out = self * log(other), 0 where self is 0 and other is not NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnXLogYTensor, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceXLogYTensor, aclTensor* selfRef, const aclTensor* other);
