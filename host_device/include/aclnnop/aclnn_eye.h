// SPDX-License-Identifier: Apache-2.0
// out = n rows, m columns, with 1 on the diagonal.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnEye, int64_t n, int64_t m, aclTensor* out);
