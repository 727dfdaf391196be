// SPDX-License-Identifier: Apache-2.0
// self in order along dim, and where each element was. Equal elements keep their order; NaN is the
// largest.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSort, const aclTensor* self, bool stable, int64_t dim, bool descending,
                 aclTensor* valuesOut, aclTensor* indicesOut);
