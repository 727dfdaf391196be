// SPDX-License-Identifier: Apache-2.0
// out = max(self + alpha * other, 0).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddRelu, const aclTensor* self, const aclTensor* other, aclScalar* alpha,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAddRelu, aclTensor* selfRef, const aclTensor* other, aclScalar* alpha);
