// SPDX-License-Identifier: Apache-2.0
// out = the diagonal of a matrix, or a matrix with the diagonal self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDiag, const aclTensor* self, int64_t diagonal, aclTensor* out);
