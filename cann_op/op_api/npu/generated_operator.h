// SPDX-License-Identifier: Apache-2.0
// The two phases that CANN's toolkit generates from the operator's definition in op_host. The
// prefix is of cann_op/npu: libopapi exports CANN's own operator of this type as aclnnInner..., and
// one process may load both. As generated: the toolkit knows no const names and no float.
#pragma once

#include "aclnn/acl_meta.h"

#ifdef __cplusplus
extern "C" {
#endif

aclnnStatus aclnnCustomMoeDistributeCombineAddRmsNormGetWorkspaceSize(
    const aclTensor* expandX, const aclTensor* expertIds, const aclTensor* assistInfoForCombine,
    const aclTensor* epSendCounts, const aclTensor* expertScales, const aclTensor* residualX,
    const aclTensor* gamma, const aclTensor* tpSendCountsOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* activationScaleOptional,
    const aclTensor* weightScaleOptional, const aclTensor* groupListOptional,
    const aclTensor* expandScalesOptional, const aclTensor* sharedExpertXOptional,
    const aclTensor* elasticInfoOptional, const aclTensor* oriXOptional,
    const aclTensor* constExpertAlpha1Optional, const aclTensor* constExpertAlpha2Optional,
    const aclTensor* constExpertVOptional, char* groupEp, int64_t epWorldSize, int64_t epRankId,
    int64_t moeExpertNum, char* groupTpOptional, int64_t tpWorldSize, int64_t tpRankId,
    int64_t expertShardType, int64_t sharedExpertNum, int64_t sharedExpertRankNum, int64_t globalBs,
    int64_t outDtype, int64_t commQuantMode, int64_t groupListType, char* commAlgOptional,
    double normEps, int64_t zeroExpertNum, int64_t copyExpertNum, int64_t constExpertNum,
    const aclTensor* yOut, const aclTensor* rstdOutOut, const aclTensor* xOut,
    uint64_t* workspaceSize, aclOpExecutor** executor);

aclnnStatus aclnnCustomMoeDistributeCombineAddRmsNorm(void* workspace, uint64_t workspaceSize,
                                                      aclOpExecutor* executor, aclrtStream stream);

#ifdef __cplusplus
}
#endif
