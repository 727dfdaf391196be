// SPDX-License-Identifier: Apache-2.0
// out = self to the power of exponent; an integer to a negative power is 0 unless it is 1 or -1.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnPowTensorScalar, const aclTensor* self, const aclScalar* exponent,
                 const aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplacePowTensorScalar, const aclTensor* self, const aclScalar* exponent);
ACLNN_TWO_PHASES(aclnnPowScalarTensor, const aclScalar* self, const aclTensor* exponent,
                 const aclTensor* out);
