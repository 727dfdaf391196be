// SPDX-License-Identifier: Apache-2.0
// out = value where self <= threshold, else self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnThreshold, const aclTensor* self, const aclScalar* threshold,
                 const aclScalar* value, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceThreshold, aclTensor* selfRef, const aclScalar* threshold,
                 const aclScalar* value);
