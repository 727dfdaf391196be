// SPDX-License-Identifier: Apache-2.0
// out = self + weight * (end - self).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLerp, const aclTensor* self, const aclTensor* end, const aclTensor* weight,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLerp, aclTensor* selfRef, const aclTensor* end,
                 const aclTensor* weight);
