// SPDX-License-Identifier: Apache-2.0
// x * weightScale * activationScale (+ bias), SwiGLU of it, and rows of int8. groupIndex holds
// counts.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDequantSwigluQuant, const aclTensor* x, const aclTensor* weightScaleOptional,
                 const aclTensor* activationScaleOptional, const aclTensor* biasOptional,
                 const aclTensor* quantScaleOptional, const aclTensor* quantOffsetOptional,
                 const aclTensor* groupIndexOptional, bool activateLeft, char* quantModeOptional,
                 const aclTensor* yOut, const aclTensor* scaleOut);
