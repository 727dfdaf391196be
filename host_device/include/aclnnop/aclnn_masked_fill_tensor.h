// SPDX-License-Identifier: Apache-2.0
// selfRef = value, a tensor of one element, where mask is not 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceMaskedFillTensor, aclTensor* selfRef, const aclTensor* mask,
                 const aclTensor* value);
