// SPDX-License-Identifier: Apache-2.0
// selfRef = 0.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceZero, aclTensor* selfRef);
