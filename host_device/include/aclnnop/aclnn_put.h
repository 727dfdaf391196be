// SPDX-License-Identifier: Apache-2.0
// selfRef, seen as a flat one, at index = source, or += source (accumulate).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplacePut, aclTensor* selfRef, const aclTensor* index,
                 const aclTensor* source, bool accumulate);
