// SPDX-License-Identifier: Apache-2.0
// out (int64) = numsamples indices of each row of self, drawn with the weights in the row.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMultinomial, const aclTensor* self, int64_t numsamples, bool replacement,
                 int64_t seed, int64_t offset, aclTensor* out);
