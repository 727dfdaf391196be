// SPDX-License-Identifier: Apache-2.0
// out = the least whole number that is not below self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCeil, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceCeil, aclTensor* selfRef);
