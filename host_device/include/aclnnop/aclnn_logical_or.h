// SPDX-License-Identifier: Apache-2.0
// out = self != 0 or other != 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogicalOr, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLogicalOr, aclTensor* selfRef, const aclTensor* other);
