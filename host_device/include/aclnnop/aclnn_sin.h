// SPDX-License-Identifier: Apache-2.0
// out = sin(self); integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSin, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSin, aclTensor* selfRef);
