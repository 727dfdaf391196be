// SPDX-License-Identifier: Apache-2.0
// out = scaled exponential linear unit of self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSelu, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSelu, aclTensor* selfRef);
