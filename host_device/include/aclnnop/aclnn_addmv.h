// SPDX-License-Identifier: Apache-2.0
// out = beta * self + alpha * mat vec. With beta 0, self is not looked at.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddmv, const aclTensor* self, const aclTensor* mat, const aclTensor* vec,
                 const aclScalar* alpha, const aclScalar* beta, aclTensor* out,
                 int8_t cubeMathType);
