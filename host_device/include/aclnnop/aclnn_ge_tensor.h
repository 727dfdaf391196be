// SPDX-License-Identifier: Apache-2.0
// out = self >= other; the Inplace form writes 0 or 1 to selfRef.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGeTensor, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceGeTensor, aclTensor* selfRef, const aclTensor* other);
