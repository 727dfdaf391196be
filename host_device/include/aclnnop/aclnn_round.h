// SPDX-License-Identifier: Apache-2.0
// out = self rounded to the nearest whole number, ties to even, or to as many decimals.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRound, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceRound, const aclTensor* selfRef);
ACLNN_TWO_PHASES(aclnnRoundDecimals, const aclTensor* self, int64_t decimals, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceRoundDecimals, aclTensor* selfRef, int64_t decimals);
