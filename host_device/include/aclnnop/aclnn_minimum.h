// SPDX-License-Identifier: Apache-2.0
// out = the lesser of both; NaN where either is NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMinimum, const aclTensor* self, const aclTensor* other, aclTensor* out);
