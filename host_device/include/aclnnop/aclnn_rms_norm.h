// SPDX-License-Identifier: Apache-2.0
// yOut = x * rstd * gamma with rstd = 1 / sqrt(mean of x^2 + epsilon), over gamma's dimensions.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRmsNorm, const aclTensor* x, const aclTensor* gamma, double epsilon,
                 const aclTensor* yOut, const aclTensor* rstdOut);
