// SPDX-License-Identifier: Apache-2.0
// The k greatest of each row's softmax, and their numbers.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeGatingTopKSoftmax, const aclTensor* x, const aclTensor* finishedOptional,
                 int64_t k, const aclTensor* yOut, const aclTensor* expertIdxOut,
                 const aclTensor* rowIdxOut);
