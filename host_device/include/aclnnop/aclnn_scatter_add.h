// SPDX-License-Identifier: Apache-2.0
// out = self, with src added at the places of index, with index's value along dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnScatterAdd, const aclTensor* self, int64_t dim, const aclTensor* index,
                 const aclTensor* src, aclTensor* out);
