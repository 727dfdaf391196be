// SPDX-License-Identifier: Apache-2.0
// aclnnDynamicQuant with smooth scales for each group of rows, whose ends groupIndex holds, and
// with offsetOut the row's range taken to that of int8.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDynamicQuantV2, const aclTensor* x, const aclTensor* smoothScalesOptional,
                 const aclTensor* groupIndexOptional, int64_t dstType, const aclTensor* yOut,
                 const aclTensor* scaleOut, const aclTensor* offsetOut);
