// SPDX-License-Identifier: Apache-2.0
// out = exp(self), divided by its sum over dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSoftmax, const aclTensor* self, int64_t dim, aclTensor* out);
