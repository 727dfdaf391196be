// SPDX-License-Identifier: Apache-2.0
// out = -1, 0 or 1; 0 for NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSign, const aclTensor* self, aclTensor* out);
