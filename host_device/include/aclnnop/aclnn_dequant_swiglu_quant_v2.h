// SPDX-License-Identifier: Apache-2.0
// aclnnDequantSwigluQuant with other gated activations: swigluMode 0 to 3.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDequantSwigluQuantV2, const aclTensor* x,
                 const aclTensor* weightScaleOptional, const aclTensor* activationScaleOptional,
                 const aclTensor* biasOptional, const aclTensor* quantScaleOptional,
                 const aclTensor* quantOffsetOptional, const aclTensor* groupIndexOptional,
                 bool activateLeft, char* quantModeOptional, int64_t dstType,
                 char* roundModeOptional, int64_t activateDim, int64_t swigluMode,
                 double clampLimit, double gluAlpha, double gluBias, const aclTensor* yOut,
                 const aclTensor* scaleOut);
