// SPDX-License-Identifier: Apache-2.0
// Rows of x in the order of their experts; rowIdx numbers the choices, all first ones first.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeInitRouting, const aclTensor* x, const aclTensor* rowIdx,
                 const aclTensor* expertIdx, int64_t activeNum, const aclTensor* expandedXOut,
                 const aclTensor* expandedRowIdxOut, const aclTensor* expandedExpertIdxOut);
