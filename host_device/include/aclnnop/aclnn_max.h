// SPDX-License-Identifier: Apache-2.0
// out = the largest element of self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMax, const aclTensor* self, aclTensor* out);
