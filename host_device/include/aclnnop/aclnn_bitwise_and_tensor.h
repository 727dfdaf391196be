// SPDX-License-Identifier: Apache-2.0
// out = self & other, of integers or bool.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnBitwiseAndTensor, const aclTensor* self, const aclTensor* other,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceBitwiseAndTensor, const aclTensor* selfRef, const aclTensor* other);
