// SPDX-License-Identifier: Apache-2.0
// out = self where it is above 0, else 0; NaN stays.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRelu, const aclTensor* self, const aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceRelu, aclTensor* selfRef);
