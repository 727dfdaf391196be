// SPDX-License-Identifier: Apache-2.0
// out = self * log(other), 0 where self is 0 and other is not NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnXLogYScalarOther, const aclTensor* self, const aclScalar* other,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceXLogYScalarOther, aclTensor* selfRef, const aclScalar* other);
