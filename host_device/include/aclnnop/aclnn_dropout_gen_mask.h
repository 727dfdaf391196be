// SPDX-License-Identifier: Apache-2.0
// out (uint8) = a bit for each element of shape, lowest bit first, set with probability 1 - prob.
// out has a multiple of 16 bytes; bits beyond shape are 0. probDataType is that of the elements to
// drop.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDropoutGenMask, const aclIntArray* shape, double prob, int64_t seed,
                 int64_t offset, aclTensor* out);
ACLNN_TWO_PHASES(aclnnDropoutGenMaskV2, const aclIntArray* shape, double prob, int64_t seed,
                 int64_t offset, aclDataType probDataType, aclTensor* out);
