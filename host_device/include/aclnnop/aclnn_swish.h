// SPDX-License-Identifier: Apache-2.0
// out = self / (1 + exp(-beta * self)); beta null is 1.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSwish, const aclTensor* self, const aclScalar* betaOptional, aclTensor* out);
