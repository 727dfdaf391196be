// SPDX-License-Identifier: Apache-2.0
// out = the slices of self along dim that index names.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndexSelect, const aclTensor* self, int64_t dim, const aclTensor* index,
                 aclTensor* out);
