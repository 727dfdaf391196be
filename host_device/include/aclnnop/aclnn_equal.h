// SPDX-License-Identifier: Apache-2.0
// out (one bool) = whether both tensors have the same shape and equal elements.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnEqual, const aclTensor* self, const aclTensor* other, aclTensor* out);
