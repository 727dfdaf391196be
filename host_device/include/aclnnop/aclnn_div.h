// SPDX-License-Identifier: Apache-2.0
// out = self / other. Mod forms round the quotient: mode 0 not, 1 towards zero, 2 down. An integer
// divided by 0 with mode 1 or 2 gives 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDiv, const aclTensor* self, const aclTensor* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnDivs, const aclTensor* self, const aclScalar* other, aclTensor* out);
ACLNN_TWO_PHASES(aclnnDivMod, const aclTensor* self, const aclTensor* other, int mode,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnDivMods, const aclTensor* self, const aclScalar* other, int mode,
                 aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceDiv, aclTensor* selfRef, const aclTensor* other);
ACLNN_TWO_PHASES(aclnnInplaceDivs, aclTensor* selfRef, const aclScalar* other);
ACLNN_TWO_PHASES(aclnnInplaceDivMod, aclTensor* selfRef, const aclTensor* other, int mode);
ACLNN_TWO_PHASES(aclnnInplaceDivMods, aclTensor* selfRef, const aclScalar* other, int mode);
