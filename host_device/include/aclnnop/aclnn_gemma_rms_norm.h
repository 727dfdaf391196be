// SPDX-License-Identifier: Apache-2.0
// aclnnRmsNorm with gamma + 1 in gamma's place.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGemmaRmsNorm, const aclTensor* x, const aclTensor* gamma, double epsilon,
                 const aclTensor* yOut, const aclTensor* rstdOut);
