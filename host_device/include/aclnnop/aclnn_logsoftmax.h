// SPDX-License-Identifier: Apache-2.0
// out = self, less the log of the sum of exp(self) over dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogSoftmax, const aclTensor* self, int64_t dim, aclTensor* out);
