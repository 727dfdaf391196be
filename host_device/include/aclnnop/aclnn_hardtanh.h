// SPDX-License-Identifier: Apache-2.0
// out = self cut to [clipValueMin, clipValueMax].
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnHardtanh, const aclTensor* self, const aclScalar* clipValueMin,
                 const aclScalar* clipValueMax, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceHardtanh, aclTensor* selfRef, const aclScalar* clipValueMin,
                 const aclScalar* clipValueMax);
