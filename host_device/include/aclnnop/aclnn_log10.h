// SPDX-License-Identifier: Apache-2.0
// out = logarithm of self to base 10; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLog10, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLog10, aclTensor* selfRef);
