// SPDX-License-Identifier: Apache-2.0
// out = ~self; of bool: not self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnBitwiseNot, const aclTensor* self, aclTensor* out);
