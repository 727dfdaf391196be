// SPDX-License-Identifier: Apache-2.0
// out = self with NaN and both infinities replaced.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNanToNum, const aclTensor* self, float nan, float posinf, float neginf,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceNanToNum, aclTensor* selfRef, float nan, float posinf, float neginf);
