// SPDX-License-Identifier: Apache-2.0
// out = sum of self up to each element along dim, cast to dtype, which is out's.
// V2: without the element itself (exclusive), from the end (reverse).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCumsum, const aclTensor* self, int64_t dim, aclDataType dtype,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnCumsumV2, const aclTensor* self, int64_t dim, bool exclusive, bool reverse,
                 aclTensor* out);
