// SPDX-License-Identifier: Apache-2.0
// out = 1 / (1 + exp(-self)).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSigmoid, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSigmoid, aclTensor* selfRef);
