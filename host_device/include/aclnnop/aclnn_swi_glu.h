// SPDX-License-Identifier: Apache-2.0
// out = silu(a) * b, a and b the halves of x along dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSwiGlu, const aclTensor* x, int64_t dim, const aclTensor* out);
