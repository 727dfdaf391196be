// SPDX-License-Identifier: Apache-2.0
// out = a * sigmoid(b), a and b the halves of self along dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGlu, const aclTensor* self, int64_t dim, const aclTensor* out);
