// SPDX-License-Identifier: Apache-2.0
// out = self * hardsigmoid(self).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnHardswish, const aclTensor* self, const aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceHardswish, const aclTensor* self);
