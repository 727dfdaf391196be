// SPDX-License-Identifier: Apache-2.0
// aclnnMoeGatingTopKSoftmax, or the softmax of the k greatest alone (renorm 1).
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeGatingTopKSoftmaxV2, const aclTensor* x, const aclTensor* finishedOptional,
                 int64_t k, int64_t renorm, bool outputSoftmaxResultFlag, const aclTensor* yOut,
                 const aclTensor* expertIdxOut, const aclTensor* softmaxResultOutOptional);
