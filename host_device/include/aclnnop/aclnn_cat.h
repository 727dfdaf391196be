// SPDX-License-Identifier: Apache-2.0
// out = the tensors one after the other along dim.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCat, const aclTensorList* tensors, int64_t dim, aclTensor* out);
