// SPDX-License-Identifier: Apache-2.0
// out = 1 - erf(self); integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnErfc, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceErfc, const aclTensor* selfRef);
