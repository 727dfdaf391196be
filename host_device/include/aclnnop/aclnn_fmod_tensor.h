// SPDX-License-Identifier: Apache-2.0
// out = remainder of self / other with the sign of self; of an integer and 0: 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFmodTensor, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceFmodTensor, aclTensor* selfRef, const aclTensor* other);
