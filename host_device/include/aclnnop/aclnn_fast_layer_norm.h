// SPDX-License-Identifier: Apache-2.0
// The same as aclnnLayerNorm here.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFastLayerNorm, const aclTensor* input, const aclIntArray* normalizedShape,
                 const aclTensor* weightOptional, const aclTensor* biasOptional, double eps,
                 aclTensor* out, aclTensor* meanOutOptional, aclTensor* rstdOutOptional);
