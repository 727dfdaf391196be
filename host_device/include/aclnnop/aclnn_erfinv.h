// SPDX-License-Identifier: Apache-2.0
// out = the x with erf(x) = self; NaN outside of [-1, 1].
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnErfinv, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceErfinv, const aclTensor* selfRef);
