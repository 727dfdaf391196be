// SPDX-License-Identifier: Apache-2.0
// out = log(x / (1 - x)), x cut to [eps, 1 - eps] unless eps is negative.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogit, const aclTensor* input, double eps, const aclTensor* out);
