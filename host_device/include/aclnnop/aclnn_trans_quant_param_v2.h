// SPDX-License-Identifier: Apache-2.0
// Scales as words of 64 bits, of which the lower half is the float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTransQuantParamV2, const aclTensor* scale, const aclTensor* offset,
                 const aclTensor* out);
