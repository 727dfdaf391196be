// SPDX-License-Identifier: Apache-2.0
// out = the tensors side by side in a new dimension.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnStack, const aclTensorList* tensors, int64_t dim, aclTensor* out);
