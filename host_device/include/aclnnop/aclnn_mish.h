// SPDX-License-Identifier: Apache-2.0
// out = self * tanh(log(1 + exp(self))).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMish, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceMish, aclTensor* selfRef);
