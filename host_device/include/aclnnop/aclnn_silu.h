// SPDX-License-Identifier: Apache-2.0
// out = self / (1 + exp(-self)).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSilu, const aclTensor* self, aclTensor* out);
