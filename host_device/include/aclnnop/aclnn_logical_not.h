// SPDX-License-Identifier: Apache-2.0
// out = self == 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogicalNot, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceLogicalNot, aclTensor* selfRef);
