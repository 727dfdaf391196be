// SPDX-License-Identifier: Apache-2.0
// out = asinh(self); integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAsinh, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAsinh, aclTensor* selfRef);
