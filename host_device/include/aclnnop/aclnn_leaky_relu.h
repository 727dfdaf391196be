// SPDX-License-Identifier: Apache-2.0
// out = self where it is above 0, else negativeSlope * self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLeakyRelu, const aclTensor* self, const aclScalar* negativeSlope,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLeakyRelu, aclTensor* selfRef, const aclScalar* negativeSlope);
