// SPDX-License-Identifier: Apache-2.0
// out = self, with src taken in at the places of index, with index's value along dim. reduce: 0
// puts, 1 adds, 2 multiplies, 3 keeps the largest, 4 the smallest, 5 makes the mean; without
// includeSelf what self has at those places does not count.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnScatterReduce, const aclTensor* self, int64_t dim, const aclTensor* index,
                 const aclTensor* src, int64_t reduce, bool includeSelf, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceScatterReduce, aclTensor* selfRef, int64_t dim, const aclTensor* index,
                 const aclTensor* src, int64_t reduce, bool includeSelf);
