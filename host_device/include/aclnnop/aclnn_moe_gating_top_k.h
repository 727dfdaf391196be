// SPDX-License-Identifier: Apache-2.0
// Softmax (normType 0) or sigmoid (1) of each row, and the k experts with the greatest of it +
// bias, out of the best groups; their weights are the ones without bias, times routedScalingFactor.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeGatingTopK, const aclTensor* x, const aclTensor* biasOptional, int64_t k,
                 int64_t kGroup, int64_t groupCount, int64_t groupSelectMode, int64_t renorm,
                 int64_t normType, bool outFlag, double routedScalingFactor, double eps,
                 const aclTensor* yOut, const aclTensor* expertIdxOut, const aclTensor* outOut);
