// SPDX-License-Identifier: Apache-2.0
// out = self - alpha * other; the ...s forms take a scalar.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSub, const aclTensor* self, const aclTensor* other, const aclScalar* alpha,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnSubs, const aclTensor* self, const aclScalar* other, const aclScalar* alpha,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceSub, aclTensor* selfRef, const aclTensor* other,
                 const aclScalar* alpha);
ACLNN_TWO_PHASES(aclnnInplaceSubs, aclTensor* selfRef, const aclScalar* other,
                 const aclScalar* alpha);
