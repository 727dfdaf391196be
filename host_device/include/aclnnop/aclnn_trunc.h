// SPDX-License-Identifier: Apache-2.0
// out = self without its fraction.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTrunc, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceTrunc, aclTensor* selfRef);
