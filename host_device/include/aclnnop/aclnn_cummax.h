// SPDX-License-Identifier: Apache-2.0
// The largest element of self up to each along dim, and where the last of them is.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCummax, const aclTensor* self, int64_t dim, aclTensor* valuesOut,
                 aclTensor* indicesOut);
