// SPDX-License-Identifier: Apache-2.0
// (self - target)^2; reduction 0: each, 1: their mean, 2: their sum, in out without dimensions.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMseLoss, const aclTensor* self, const aclTensor* target, int64_t reduction,
                 aclTensor* out);
