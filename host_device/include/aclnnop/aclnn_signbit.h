// SPDX-License-Identifier: Apache-2.0
// out (bool) = whether the sign of self is minus, that of a zero or NaN too.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSignbit, const aclTensor* self, aclTensor* out);
