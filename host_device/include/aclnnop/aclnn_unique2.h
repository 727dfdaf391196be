// SPDX-License-Identifier: Apache-2.0
// The different elements of self, in order; where each element of self went; how often each occurs.
// valueOut and countsOut have room for all; their view shape says how many there are.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnUnique2, const aclTensor* self, bool sorted, bool returnInverse,
                 bool returnCounts, aclTensor* valueOut, aclTensor* inverseOut,
                 aclTensor* countsOut);
