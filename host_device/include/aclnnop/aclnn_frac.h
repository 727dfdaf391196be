// SPDX-License-Identifier: Apache-2.0
// out = self without its whole part, with the sign of self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFrac, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceFrac, aclTensor* selfRef);
