// SPDX-License-Identifier: Apache-2.0
// d = |self - target|: d^2 / (2 beta) where d < beta, else d - beta / 2; reduction as aclnnMseLoss
// has it.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSmoothL1Loss, const aclTensor* self, const aclTensor* target,
                 int64_t reduction, float beta, aclTensor* result);
