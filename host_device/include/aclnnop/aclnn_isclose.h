// SPDX-License-Identifier: Apache-2.0
// out (bool) = |self - other| <= atol + rtol * |other|, or both are equal, or with equal_nan both
// NaN.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIsClose, const aclTensor* self, const aclTensor* other, double rtol,
                 double atol, bool equal_nan, aclTensor* out);
