// SPDX-License-Identifier: Apache-2.0
// The rows of a token's choices, weighted with probs and added up.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeTokenUnpermute, const aclTensor* permutedTokens,
                 const aclTensor* sortedIndices, const aclTensor* probsOptional, bool paddedMode,
                 const aclIntArray* restoreShapeOptional, const aclTensor* out);
