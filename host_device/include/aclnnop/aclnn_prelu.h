// SPDX-License-Identifier: Apache-2.0
// out = self where it is above 0, else weight * self; weight has one element, or one per channel
// (dimension 1).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnPrelu, const aclTensor* self, const aclTensor* weight, aclTensor* out);
