// SPDX-License-Identifier: Apache-2.0
// out = e to the power of self; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnExp, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceExp, aclTensor* selfRef);
