// SPDX-License-Identifier: Apache-2.0
// out = self[indices]. A tensor without elements in the list stands for a whole dimension.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndex, const aclTensor* self, const aclTensorList* indices, aclTensor* out);
