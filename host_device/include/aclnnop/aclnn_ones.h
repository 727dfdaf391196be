// SPDX-License-Identifier: Apache-2.0
// selfRef = 1.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceOne, const aclTensor* selfRef);
