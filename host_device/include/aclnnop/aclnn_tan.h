// SPDX-License-Identifier: Apache-2.0
// out = tan(self); integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTan, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceTan, const aclTensor* selfRef);
