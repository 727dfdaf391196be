// SPDX-License-Identifier: Apache-2.0
// out = the numbers 0 to n - 1 in random order.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRandperm, int64_t n, int64_t seed, int64_t offset, aclTensor* out);
