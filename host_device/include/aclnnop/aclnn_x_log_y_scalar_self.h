// SPDX-License-Identifier: Apache-2.0
// out = self * log(other), 0 where self is 0 and other is not NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnXLogYScalarSelf, const aclScalar* self, const aclTensor* other,
                 aclTensor* out);
