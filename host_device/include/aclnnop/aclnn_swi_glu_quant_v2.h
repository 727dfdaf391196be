// SPDX-License-Identifier: Apache-2.0
// aclnnSwiGluQuant with groupListType 0 (sums) or 1 (counts).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSwiGluQuantV2, const aclTensor* x, const aclTensor* smoothScalesOptional,
                 const aclTensor* offsetsOptional, const aclTensor* groupIndexOptional,
                 bool activateLeft, char* quantModeOptional, int64_t groupListType, int64_t dstType,
                 const aclTensor* yOut, const aclTensor* scaleOut);
