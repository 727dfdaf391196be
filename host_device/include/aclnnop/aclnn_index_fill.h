// SPDX-License-Identifier: Apache-2.0
// out = self, with value in the slices along dim that index names.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndexFill, const aclTensor* self, int64_t dim, const aclTensor* index,
                 const aclScalar* value, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceIndexFill, aclTensor* selfRef, int64_t dim, const aclTensor* index,
                 const aclScalar* value);
