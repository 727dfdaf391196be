// SPDX-License-Identifier: Apache-2.0
// out = self / (1 - p) where an element is kept, else 0; maskOut has one bit for each element, as
// aclnnDropoutGenMask makes it. Without train, out = self and every bit is set.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDropout, const aclTensor* input, double p, bool train, int64_t seed,
                 int64_t offset, aclTensor* out, aclTensor* maskOut);
