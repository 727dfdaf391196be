// SPDX-License-Identifier: Apache-2.0
// out = product of input up to each element along dim, cast to dtype, which is out's.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCumprod, const aclTensor* input, const aclScalar* dim,
                 const aclDataType dtype, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceCumprod, aclTensor* input, const aclScalar* dim);
