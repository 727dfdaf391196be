// SPDX-License-Identifier: Apache-2.0
// selfRef = whole numbers, uniform on [from, to).
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceRandom, const aclTensor* selfRef, int64_t from, int64_t to,
                 int64_t seed, int64_t offset);
