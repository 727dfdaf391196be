// SPDX-License-Identifier: Apache-2.0
// out = self != other; the Inplace form writes 0 or 1 to selfRef.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNeScalar, const aclTensor* self, const aclScalar* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceNeScalar, aclTensor* selfRef, const aclScalar* other);
