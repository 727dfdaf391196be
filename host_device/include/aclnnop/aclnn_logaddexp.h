// SPDX-License-Identifier: Apache-2.0
// out = log(exp(self) + exp(other)).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogAddExp, const aclTensor* self, const aclTensor* other, aclTensor* out);
