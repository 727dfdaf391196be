// SPDX-License-Identifier: Apache-2.0
// SwiGLU of x, and rows of int8. groupIndex holds sums.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSwiGluQuant, const aclTensor* x, const aclTensor* smoothScalesOptional,
                 const aclTensor* offsetsOptional, const aclTensor* groupIndexOptional,
                 bool activateLeft, char* quantModeOptional, const aclTensor* yOut,
                 const aclTensor* scaleOut);
