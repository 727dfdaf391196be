// SPDX-License-Identifier: Apache-2.0
// out = ord-norm of self over dims (none: over all); ord is any number, or infinite; dtype is
// out's.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLinalgVectorNorm, const aclTensor* self, const aclScalar* ord,
                 const aclIntArray* dims, bool keepDims, const aclDataType dtype, aclTensor* out);
