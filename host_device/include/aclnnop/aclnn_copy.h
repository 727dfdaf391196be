// SPDX-License-Identifier: Apache-2.0
// selfRef = src, broadcast to selfRef's shape and cast to its dtype.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceCopy, aclTensor* selfRef, const aclTensor* src);
