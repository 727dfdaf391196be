// SPDX-License-Identifier: Apache-2.0
// out = x * cos + rotated(x) * sin; mode 0 half, 1 interleave, 2 quarter, 3 interleave-half.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRotaryPositionEmbedding, const aclTensor* x, const aclTensor* cos,
                 const aclTensor* sin, int64_t mode, aclTensor* out);
