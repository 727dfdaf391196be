// SPDX-License-Identifier: Apache-2.0
// out (bool) = whether self is neither infinite nor NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIsFinite, const aclTensor* self, aclTensor* out);
