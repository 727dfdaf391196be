// SPDX-License-Identifier: Apache-2.0
// out = the greatest whole number that is not above self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFloor, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceFloor, aclTensor* selfRef);
