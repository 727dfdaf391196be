// SPDX-License-Identifier: Apache-2.0
// out = self mat2 for each pair of matrices; a batch of one serves all of the other.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnBatchMatMul, const aclTensor* self, const aclTensor* mat2, aclTensor* out,
                 int8_t cubeMathType);
