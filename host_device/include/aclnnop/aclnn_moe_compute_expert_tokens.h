// SPDX-License-Identifier: Apache-2.0
// out[i] = how many of the sorted experts are i or less.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeComputeExpertTokens, const aclTensor* sortedExperts, int64_t numExperts,
                 const aclTensor* out);
