// SPDX-License-Identifier: Apache-2.0
// out = p-norm of self over dim (none: over all); p is any number, or infinite.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNorm, const aclTensor* self, const aclScalar* pScalar, const aclIntArray* dim,
                 bool keepdim, aclTensor* out);
