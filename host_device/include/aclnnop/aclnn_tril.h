// SPDX-License-Identifier: Apache-2.0
// out = self with 0 above the diagonal.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTril, const aclTensor* self, int64_t diagonal, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceTril, aclTensor* selfRef, int64_t diagonal);
