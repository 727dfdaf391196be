// SPDX-License-Identifier: Apache-2.0
// out = 0 where |self| <= lambd, else self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnHardshrink, const aclTensor* self, const aclScalar* lambd, aclTensor* out);
