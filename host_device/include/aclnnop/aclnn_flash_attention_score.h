// SPDX-License-Identifier: Apache-2.0
// attentionOut = softmax(scale * query key' + realShift) value, where attenMask is 0; layouts BNSD,
// BSND, BSH and SBH, sparseMode 0 to 3, without dropout.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFlashAttentionScore, const aclTensor* query, const aclTensor* key,
                 const aclTensor* value, const aclTensor* realShiftOptional,
                 const aclTensor* dropMaskOptional, const aclTensor* paddingMaskOptional,
                 const aclTensor* attenMaskOptional, const aclIntArray* prefixOptional,
                 double scaleValue, double keepProb, int64_t preTokens, int64_t nextTokens,
                 int64_t headNum, char* inputLayout, int64_t innerPrecise, int64_t sparseMode,
                 const aclTensor* softmaxMaxOut, const aclTensor* softmaxSumOut,
                 const aclTensor* softmaxOutOut, const aclTensor* attentionOutOut);
