// SPDX-License-Identifier: Apache-2.0
// -weight[target] self[..., target] for each line of self, 0 where target is ignoreIndex. reduction
// 0: each, 1: their sum over that of the weights, 2: their sum. totalWeightOut is the weights' sum,
// and 0 for each.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNLLLoss, const aclTensor* self, const aclTensor* target,
                 const aclTensor* weight, int64_t reduction, int64_t ignoreIndex, aclTensor* out,
                 aclTensor* totalWeightOut);
