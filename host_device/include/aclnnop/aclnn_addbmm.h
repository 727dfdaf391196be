// SPDX-License-Identifier: Apache-2.0
// out = beta * self + alpha * the sum of batch1 batch2 over all pairs of matrices.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddbmm, const aclTensor* self, const aclTensor* batch1,
                 const aclTensor* batch2, const aclScalar* beta, const aclScalar* alpha,
                 aclTensor* out, int8_t cubeMathType);
ACLNN_TWO_PHASES(aclnnInplaceAddbmm, aclTensor* selfRef, const aclTensor* batch1,
                 const aclTensor* batch2, const aclScalar* beta, const aclScalar* alpha,
                 int8_t cubeMathType);
