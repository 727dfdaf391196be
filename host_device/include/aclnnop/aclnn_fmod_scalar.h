// SPDX-License-Identifier: Apache-2.0
// out = remainder of self / other with the sign of self; of an integer and 0: 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFmodScalar, const aclTensor* self, const aclScalar* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceFmodScalar, aclTensor* selfRef, const aclScalar* other);
