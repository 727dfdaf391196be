// SPDX-License-Identifier: Apache-2.0
// out = x weight for groups of rows of x: groupListOptional says how many each has (groupListType
// 1), or their sums (0). scale is per column, perTokenScale per row, of int8 x and weight.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGroupedMatmulV4, const aclTensorList* x, const aclTensorList* weight,
                 const aclTensorList* biasOptional, const aclTensorList* scaleOptional,
                 const aclTensorList* offsetOptional, const aclTensorList* antiquantScaleOptional,
                 const aclTensorList* antiquantOffsetOptional,
                 const aclTensorList* perTokenScaleOptional, const aclTensor* groupListOptional,
                 const aclTensorList* activationInputOptional,
                 const aclTensorList* activationQuantScaleOptional,
                 const aclTensorList* activationQuantOffsetOptional, int64_t splitItem,
                 int64_t groupType, int64_t groupListType, int64_t actType, aclTensorList* out,
                 aclTensorList* activationFeatureOutOptional,
                 aclTensorList* dynQuantScaleOutOptional);
