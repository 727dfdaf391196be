// SPDX-License-Identifier: Apache-2.0
// out = remainder of self / other with the sign of other; of an integer and 0: 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRemainderTensorTensor, const aclTensor* self, const aclTensor* other,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnRemainderTensorScalar, const aclTensor* self, const aclScalar* other,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnRemainderScalarTensor, const aclScalar* self, const aclTensor* other,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceRemainderTensorTensor, aclTensor* selfRef, const aclTensor* other);
ACLNN_TWO_PHASES(aclnnInplaceRemainderTensorScalar, aclTensor* selfRef, const aclScalar* other);
