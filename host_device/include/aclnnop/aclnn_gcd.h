// SPDX-License-Identifier: Apache-2.0
// out = greatest common divisor of two integers.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGcd, const aclTensor* self, const aclTensor* other, aclTensor* out);
