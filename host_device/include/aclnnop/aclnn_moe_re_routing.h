// SPDX-License-Identifier: Apache-2.0
// Rows that came rank by rank, put expert by expert.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeReRouting, const aclTensor* tokens, const aclTensor* expertTokenNumPerRank,
                 const aclTensor* perTokenScalesOptional, int64_t expertTokenNumType,
                 int64_t idxType, const aclTensor* permuteTokensOut,
                 const aclTensor* permutePerTokenScalesOut, const aclTensor* permuteTokenIdxOut,
                 const aclTensor* expertTokenNumOut);
