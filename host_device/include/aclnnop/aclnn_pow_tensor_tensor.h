// SPDX-License-Identifier: Apache-2.0
// out = self to the power of exponent; an integer to a negative power is 0 unless it is 1 or -1.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnPowTensorTensor, const aclTensor* self, const aclTensor* exponent,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplacePowTensorTensor, const aclTensor* self, const aclTensor* exponent);
