// SPDX-License-Identifier: Apache-2.0
// out = self mat2, both matrices. cubeMathType 0, 1 and 3 all compute float32 as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMm, const aclTensor* self, const aclTensor* mat2, aclTensor* out,
                 int8_t cubeMathType);
