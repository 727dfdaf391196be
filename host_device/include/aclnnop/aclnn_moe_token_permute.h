// SPDX-License-Identifier: Apache-2.0
// Tokens in the order of their experts, and where each choice went.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeTokenPermute, const aclTensor* tokens, const aclTensor* indices,
                 int64_t numOutTokens, bool paddedMode, const aclTensor* permuteTokensOut,
                 const aclTensor* sortedIndicesOut);
