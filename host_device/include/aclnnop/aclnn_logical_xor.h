// SPDX-License-Identifier: Apache-2.0
// out = (self != 0) != (other != 0).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogicalXor, const aclTensor* self, const aclTensor* other, aclTensor* out);
