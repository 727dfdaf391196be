// SPDX-License-Identifier: Apache-2.0
// aclnnGroupedMatmulV4 with a hint for tuning.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGroupedMatmulV5, const aclTensorList* x, const aclTensorList* weight,
                 const aclTensorList* biasOptional, const aclTensorList* scaleOptional,
                 const aclTensorList* offsetOptional, const aclTensorList* antiquantScaleOptional,
                 const aclTensorList* antiquantOffsetOptional,
                 const aclTensorList* perTokenScaleOptional, const aclTensor* groupListOptional,
                 const aclTensorList* activationInputOptional,
                 const aclTensorList* activationQuantScaleOptional,
                 const aclTensorList* activationQuantOffsetOptional, int64_t splitItem,
                 int64_t groupType, int64_t groupListType, int64_t actType,
                 aclIntArray* tuningConfigOptional, aclTensorList* out,
                 aclTensorList* activationFeatureOutOptional,
                 aclTensorList* dynQuantScaleOutOptional);
