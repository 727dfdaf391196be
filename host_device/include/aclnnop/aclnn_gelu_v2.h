// SPDX-License-Identifier: Apache-2.0
// y = x * Phi(x); approximate 0 takes Phi from the error function, 1 from tanh.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGeluV2, const aclTensor* x, int64_t approximate, aclTensor* y);
