// SPDX-License-Identifier: Apache-2.0
// out = x1 + x2 + the sum over a token's choices of scale * (its row + its expert's bias).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeFinalizeRouting, const aclTensor* expandedX, const aclTensor* x1,
                 const aclTensor* x2Optional, const aclTensor* bias, const aclTensor* scales,
                 const aclTensor* expandedRowIdx, const aclTensor* expandedExpertIdx,
                 const aclTensor* out);
