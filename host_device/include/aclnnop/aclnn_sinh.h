// SPDX-License-Identifier: Apache-2.0
// out = sinh(self); integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSinh, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSinh, aclTensor* selfRef);
