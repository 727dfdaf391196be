// SPDX-License-Identifier: Apache-2.0
// out = self * other; the ...s forms take a scalar.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMul, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnMuls, const aclTensor* self, const aclScalar* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceMul, aclTensor* selfRef, const aclTensor* other);
ACLNN_TWO_PHASES(aclnnInplaceMuls, aclTensor* selfRef, const aclScalar* other);
