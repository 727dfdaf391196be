// SPDX-License-Identifier: Apache-2.0
// out = self * Phi(self), Phi from the error function.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGelu, const aclTensor* self, aclTensor* out);
