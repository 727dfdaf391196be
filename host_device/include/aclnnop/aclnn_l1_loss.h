// SPDX-License-Identifier: Apache-2.0
// |self - target|; reduction as aclnnMseLoss has it.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnL1Loss, const aclTensor* self, const aclTensor* target, int64_t reduction,
                 aclTensor* out);
