// SPDX-License-Identifier: Apache-2.0
// out = beta * self + alpha * (vec1 outer vec2). With beta 0, self is not looked at.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddr, const aclTensor* self, const aclTensor* vec1, const aclTensor* vec2,
                 const aclScalar* beta, const aclScalar* alpha, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAddr, aclTensor* selfRef, const aclTensor* vec1, const aclTensor* vec2,
                 const aclScalar* beta, const aclScalar* alpha);
