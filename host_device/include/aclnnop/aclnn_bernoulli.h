// SPDX-License-Identifier: Apache-2.0
// 1 with probability prob, else 0; self gives nothing but its shape.
// The same seed and offset give the same numbers on any number of cores; they are not those of an
// NPU.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnBernoulli, const aclTensor* self, const aclScalar* prob, int64_t seed,
                 int64_t offset, aclTensor* out);
ACLNN_TWO_PHASES(aclnnBernoulliTensor, const aclTensor* self, const aclTensor* prob, int64_t seed,
                 int64_t offset, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceBernoulli, const aclTensor* selfRef, const aclScalar* prob,
                 int64_t seed, int64_t offset);
ACLNN_TWO_PHASES(aclnnInplaceBernoulliTensor, const aclTensor* selfRef, const aclTensor* prob,
                 int64_t seed, int64_t offset);
