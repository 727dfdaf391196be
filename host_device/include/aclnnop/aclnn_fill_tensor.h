// SPDX-License-Identifier: Apache-2.0
// selfRef = value, a tensor of one element, cast to its dtype.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceFillTensor, aclTensor* selfRef, const aclTensor* value);
