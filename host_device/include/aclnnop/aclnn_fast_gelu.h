// SPDX-License-Identifier: Apache-2.0
// out = self * sigmoid(1.702 * self).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFastGelu, const aclTensor* self, aclTensor* out);
