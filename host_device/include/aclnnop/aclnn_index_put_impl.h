// SPDX-License-Identifier: Apache-2.0
// selfRef[indices] = values, or += values (accumulate). A tensor without elements in the list
// stands for a whole dimension.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndexPutImpl, aclTensor* selfRef, const aclTensorList* indices,
                 const aclTensor* values, const bool accumulate, const bool unsafe);
