// SPDX-License-Identifier: Apache-2.0
// out = self cut to [min, max]; one of both bounds may be null. NaN in self or a bound gives NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnClamp, const aclTensor* self, const aclScalar* clipValueMin,
                 const aclScalar* clipValueMax, aclTensor* out);
ACLNN_TWO_PHASES(aclnnClampMin, const aclTensor* self, const aclScalar* clipValueMin,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnClampMax, const aclTensor* self, const aclScalar* clipValueMax,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceClampMax, const aclTensor* selfRef, const aclScalar* clipValueMax);
ACLNN_TWO_PHASES(aclnnClampTensor, const aclTensor* self, const aclTensor* clipValueMin,
                 const aclTensor* clipValueMax, aclTensor* out);
ACLNN_TWO_PHASES(aclnnClampMinTensor, const aclTensor* self, const aclTensor* clipValueMin,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceClampMinTensor, aclTensor* selfRef, const aclTensor* clipValueMin);
ACLNN_TWO_PHASES(aclnnClampMaxTensor, const aclTensor* self, const aclTensor* max, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceClampMaxTensor, aclTensor* selfRef, const aclTensor* max);
