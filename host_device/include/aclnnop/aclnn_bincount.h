// SPDX-License-Identifier: Apache-2.0
// out = how often each of 0, 1, ... occurs in self, or the sum of the weights (null: none) of it.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnBincount, const aclTensor* self, const aclTensor* weights, int64_t minlength,
                 aclTensor* out);
