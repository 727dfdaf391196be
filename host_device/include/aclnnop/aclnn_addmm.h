// SPDX-License-Identifier: Apache-2.0
// out = beta * self + alpha * mat1 mat2. With beta 0, self is not looked at.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddmm, const aclTensor* self, const aclTensor* mat1, const aclTensor* mat2,
                 const aclScalar* beta, const aclScalar* alpha, aclTensor* out,
                 int8_t cubeMathType);
ACLNN_TWO_PHASES(aclnnInplaceAddmm, const aclTensor* selfRef, const aclTensor* mat1,
                 const aclTensor* mat2, const aclScalar* beta, const aclScalar* alpha,
                 int8_t cubeMathType);
