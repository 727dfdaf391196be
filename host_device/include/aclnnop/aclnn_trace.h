// SPDX-License-Identifier: Apache-2.0
// out = sum of the diagonal of a matrix.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTrace, const aclTensor* self, aclTensor* out);
