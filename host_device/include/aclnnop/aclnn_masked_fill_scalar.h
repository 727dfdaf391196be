// SPDX-License-Identifier: Apache-2.0
// selfRef = value, cast to its dtype, where mask is not 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceMaskedFillScalar, aclTensor* selfRef, const aclTensor* mask,
                 const aclScalar* value);
