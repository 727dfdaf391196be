// SPDX-License-Identifier: Apache-2.0
// out = (self + 3) cut to [0, 6] / 6.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnHardsigmoid, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceHardsigmoid, const aclTensor* self);
