// SPDX-License-Identifier: Apache-2.0
// selfRef = the elements of source, one after the other, where mask is not 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceMaskedScatter, aclTensor* selfRef, const aclTensor* mask,
                 const aclTensor* source);
