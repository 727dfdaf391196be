// SPDX-License-Identifier: Apache-2.0
// out = self mat2, with torch.matmul's rules for vectors and batches.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMatmul, const aclTensor* self, const aclTensor* mat2, aclTensor* out,
                 int8_t cubeMathType);
