// SPDX-License-Identifier: Apache-2.0
// selfRef = value, cast to its dtype.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceFillScalar, aclTensor* selfRef, const aclScalar* value);
