// SPDX-License-Identifier: Apache-2.0
// out = square root of self; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSqrt, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSqrt, aclTensor* selfRef);
