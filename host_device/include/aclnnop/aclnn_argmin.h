// SPDX-License-Identifier: Apache-2.0
// out = where the first of the smallest elements of self over dim is.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnArgMin, const aclTensor* self, int64_t dim, bool keepdim, aclTensor* out);
