// SPDX-License-Identifier: Apache-2.0
// out = self + value * tensor1 * tensor2.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAddcmul, const aclTensor* self, const aclTensor* tensor1,
                 const aclTensor* tensor2, const aclScalar* value, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAddcmul, const aclTensor* selfRef, const aclTensor* tensor1,
                 const aclTensor* tensor2, const aclScalar* value);
