// SPDX-License-Identifier: Apache-2.0
// out = self + alpha * other; the Inplace forms write to selfRef, the ...s forms take a scalar.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnAdd, const aclTensor* self, const aclTensor* other, const aclScalar* alpha,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnAdds, const aclTensor* self, const aclScalar* other, const aclScalar* alpha,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceAdd, const aclTensor* selfRef, const aclTensor* other,
                 const aclScalar* alpha);
ACLNN_TWO_PHASES(aclnnInplaceAdds, const aclTensor* selfRef, const aclScalar* other,
                 const aclScalar* alpha);
