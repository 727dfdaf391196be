// SPDX-License-Identifier: Apache-2.0
// out = for each place of index, the element of self at that place, with index's value along dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGather, const aclTensor* self, const int64_t dim, const aclTensor* index,
                 aclTensor* out);
