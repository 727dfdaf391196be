// SPDX-License-Identifier: Apache-2.0
// out = logarithm of self to base 2; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLog2, const aclTensor* self, const aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLog2, const aclTensor* selfRef);
