// SPDX-License-Identifier: Apache-2.0
// out = other - alpha * self; the ...s form takes a scalar.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRsub, const aclTensor* self, const aclTensor* other, const aclScalar* alpha,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnRsubs, const aclTensor* self, const aclScalar* other, const aclScalar* alpha,
                 aclTensor* out);
