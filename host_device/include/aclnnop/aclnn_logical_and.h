// SPDX-License-Identifier: Apache-2.0
// out = self != 0 and other != 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogicalAnd, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLogicalAnd, aclTensor* selfRef, const aclTensor* other);
