// SPDX-License-Identifier: Apache-2.0
// out = log2(2^self + 2^other).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogAddExp2, const aclTensor* self, const aclTensor* other, aclTensor* out);
