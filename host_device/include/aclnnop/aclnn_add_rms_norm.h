// SPDX-License-Identifier: Apache-2.0
// xOut = x1 + x2, and aclnnRmsNorm of it as rounded to its dtype.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddRmsNorm, const aclTensor* x1, const aclTensor* x2, const aclTensor* gamma,
                 double epsilon, const aclTensor* yOut, const aclTensor* rstdOut,
                 const aclTensor* xOut);
