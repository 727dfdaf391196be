// SPDX-License-Identifier: Apache-2.0
// out = log(1 + exp(beta * self)) / beta; self where beta * self is above threshold.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSoftplus, const aclTensor* self, const aclScalar* beta,
                 const aclScalar* threshold, aclTensor* out);
