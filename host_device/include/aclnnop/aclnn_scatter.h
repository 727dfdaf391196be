// SPDX-License-Identifier: Apache-2.0
// out = self, with src (or value) at the places of index, with index's value along dim. reduce: 0
// puts, 1 adds, 2 multiplies.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnScatter, const aclTensor* self, int64_t dim, const aclTensor* index,
                 const aclTensor* src, int64_t reduce, aclTensor* out);
ACLNN_TWO_PHASES(aclnnScatterValue, const aclTensor* self, int64_t dim, const aclTensor* index,
                 const aclScalar* value, int64_t reduce, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceScatter, aclTensor* selfRef, int64_t dim, const aclTensor* index,
                 const aclTensor* src, int64_t reduce);
ACLNN_TWO_PHASES(aclnnInplaceScatterValue, aclTensor* selfRef, int64_t dim, const aclTensor* index,
                 const aclScalar* value, int64_t reduce);
