// SPDX-License-Identifier: Apache-2.0
// out = onValue where the new dimension `axis` (-1: the last) has the index that self names, else
// offValue.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnOneHot, const aclTensor* self, int numClasses, const aclTensor* onValue,
                 const aclTensor* offValue, int64_t axis, aclTensor* out);
