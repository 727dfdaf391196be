// SPDX-License-Identifier: Apache-2.0
// out = exp(self) - 1; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnExpm1, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceExpm1, aclTensor* selfRef);
