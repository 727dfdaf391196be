// SPDX-License-Identifier: Apache-2.0
// out = 1 / self; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnReciprocal, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceReciprocal, const aclTensor* selfRef);
