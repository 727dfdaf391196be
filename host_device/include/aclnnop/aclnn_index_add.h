// SPDX-License-Identifier: Apache-2.0
// out = self, with alpha * source added to the slices along dim that index names.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndexAdd, const aclTensor* self, const int64_t dim, const aclTensor* index,
                 const aclTensor* source, const aclScalar* alpha, aclTensor* out);
