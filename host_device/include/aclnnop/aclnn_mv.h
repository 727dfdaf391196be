// SPDX-License-Identifier: Apache-2.0
// out = self vec, a matrix times a vector.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMv, const aclTensor* self, const aclTensor* vec, aclTensor* out,
                 int8_t cubeMathType);
