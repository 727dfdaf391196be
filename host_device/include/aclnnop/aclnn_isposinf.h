// SPDX-License-Identifier: Apache-2.0
// out (bool) = whether self is plus infinity.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIsPosInf, const aclTensor* self, aclTensor* out);
