// SPDX-License-Identifier: Apache-2.0
// The different slices of self along dim, in order; where each went; how often each occurs.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnUniqueDim, const aclTensor* self, bool sorted, bool returnInverse,
                 int64_t dim, aclTensor* valueOut, aclTensor* inverseOut, aclTensor* countsOut);
