// SPDX-License-Identifier: Apache-2.0
// self without elements (or slices along dim) that equal the one before; dim 1000 is none.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnUniqueConsecutive, const aclTensor* self, bool returnInverse,
                 bool returnCounts, int64_t dim, aclTensor* valueOut, aclTensor* inverseOut,
                 aclTensor* countsOut);
