// SPDX-License-Identifier: Apache-2.0
// out = natural logarithm of self; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLog, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLog, aclTensor* selfRef);
