// SPDX-License-Identifier: Apache-2.0
// aclnnMoeInitRoutingV2 for a range of experts, with rows of int8 on demand (quantMode 1).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeInitRoutingV3, const aclTensor* x, const aclTensor* expertIdx,
                 const aclTensor* scaleOptional, const aclTensor* offsetOptional, int64_t activeNum,
                 int64_t expertCapacity, int64_t expertNum, int64_t dropPadMode,
                 int64_t expertTokensNumType, bool expertTokensNumFlag, int64_t quantMode,
                 const aclIntArray* activeExpertRangeOptional, int64_t rowIdxType,
                 const aclTensor* expandedXOut, const aclTensor* expandedRowIdxOut,
                 const aclTensor* expertTokensCountOrCumsumOut, const aclTensor* expandedScaleOut);
