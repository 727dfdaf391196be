// SPDX-License-Identifier: Apache-2.0
// out = (input - mean) * rstd * weight + bias over the dimensions of normalizedShape.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLayerNorm, const aclTensor* input, const aclIntArray* normalizedShape,
                 const aclTensor* weightOptional, const aclTensor* biasOptional, double eps,
                 aclTensor* out, aclTensor* meanOutOptional, aclTensor* rstdOutOptional);
