// SPDX-License-Identifier: Apache-2.0
// out (bool) = whether self is minus infinity.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIsNegInf, const aclTensor* self, aclTensor* out);
