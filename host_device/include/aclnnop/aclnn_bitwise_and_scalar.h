// SPDX-License-Identifier: Apache-2.0
// out = self & other, of integers or bool.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnBitwiseAndScalar, const aclTensor* self, const aclScalar* other,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceBitwiseAndScalar, const aclTensor* selfRef, const aclScalar* other);
