// SPDX-License-Identifier: Apache-2.0
// out = angle of the point (other, self); integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAtan2, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAtan2, aclTensor* selfRef, aclTensor* other);
