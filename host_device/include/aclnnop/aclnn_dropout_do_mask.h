// SPDX-License-Identifier: Apache-2.0
// out = self / (1 - prob) where the bit of the element is set, else 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDropoutDoMask, const aclTensor* self, const aclTensor* mask, double prob,
                 aclTensor* out);
