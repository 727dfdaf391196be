// SPDX-License-Identifier: Apache-2.0
// selfRef = numbers of the normal distribution.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceNormal, const aclTensor* selfRef, float mean, float std, int64_t seed,
                 int64_t offset);
