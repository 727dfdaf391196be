// SPDX-License-Identifier: Apache-2.0
// out = whether all elements of self over dim (none: over all) are not 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAll, const aclTensor* self, const aclIntArray* dim, bool keepdim,
                 aclTensor* out);
