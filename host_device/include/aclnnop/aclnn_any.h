// SPDX-License-Identifier: Apache-2.0
// out = whether any element of self over dim (none: over all) is not 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAny, const aclTensor* self, const aclIntArray* dim, bool keepdim,
                 aclTensor* out);
