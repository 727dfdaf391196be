// SPDX-License-Identifier: Apache-2.0
// aclnnAddRmsNorm with its result twice: y1Out in float32, y2Out in x1's dtype.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddRmsNormCast, const aclTensor* x1, const aclTensor* x2,
                 const aclTensor* gamma, double epsilon, const aclTensor* y1Out,
                 const aclTensor* y2Out, const aclTensor* rstdOut, const aclTensor* xOut);
