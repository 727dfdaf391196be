// SPDX-License-Identifier: Apache-2.0
// out = (self - mean) * rstd * gamma + beta, mean and rstd of each of the groups of channels.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGroupNorm, const aclTensor* self, const aclTensor* gamma,
                 const aclTensor* beta, int64_t N, int64_t C, int64_t HxW, int64_t group,
                 double eps, aclTensor* out, aclTensor* meanOut, aclTensor* rstdOut);
