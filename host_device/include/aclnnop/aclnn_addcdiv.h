// SPDX-License-Identifier: Apache-2.0
// out = self + value * tensor1 / tensor2; integers are computed as float32.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddcdiv, const aclTensor* self, const aclTensor* tensor1,
                 const aclTensor* tensor2, const aclScalar* value, const aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAddcdiv, const aclTensor* selfRef, const aclTensor* tensor1,
                 const aclTensor* tensor2, const aclScalar* value);
