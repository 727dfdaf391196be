// SPDX-License-Identifier: Apache-2.0
// out = scale * self where it is above 0, else scale * alpha * (exp(inputScale * self) - 1).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnElu, const aclTensor* self, const aclScalar* alpha, const aclScalar* scale,
                 const aclScalar* inputScale, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceElu, aclTensor* selfRef, const aclScalar* alpha,
                 const aclScalar* scale, const aclScalar* inputScale);
