// SPDX-License-Identifier: Apache-2.0
// selfRef = numbers of the uniform distribution on [from, to).
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceUniform, const aclTensor* selfRef, double from, double to,
                 uint64_t seed, uint64_t offset);
