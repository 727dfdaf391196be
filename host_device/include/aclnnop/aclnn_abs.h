// SPDX-License-Identifier: Apache-2.0
// out = |self|; the least integer stays as it is.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAbs, const aclTensor* self, aclTensor* out);
