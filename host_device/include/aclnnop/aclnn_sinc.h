// SPDX-License-Identifier: Apache-2.0
// out = sin(pi * self) / (pi * self), 1 at 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSinc, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSinc, aclTensor* selfRef);
