// SPDX-License-Identifier: Apache-2.0
// The first version of dispatch: expandIdxOut says per choice, and not per row, where it went.
// aclnnMoeDistributeCombineAddRmsNorm takes either. Shapes, dtypes and limits: docs/operator.md.
#ifndef ACLNN_MOE_DISTRIBUTE_DISPATCH_H_
#define ACLNN_MOE_DISTRIBUTE_DISPATCH_H_

#include "aclnn/aclnn_base.h"

#ifdef __cplusplus
extern "C" {
#endif

// First phase: checks, workspace size and executor. Statuses as those of combine.
ACL_FUNC_VISIBILITY aclnnStatus aclnnMoeDistributeDispatchGetWorkspaceSize(
    const aclTensor* x, const aclTensor* expertIds, const aclTensor* scalesOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* expertScalesOptional,
    const char* groupEp, int64_t epWorldSize, int64_t epRankId, int64_t moeExpertNum,
    const char* groupTp, int64_t tpWorldSize, int64_t tpRankId, int64_t expertShardType,
    int64_t sharedExpertNum, int64_t sharedExpertRankNum, int64_t quantMode, int64_t globalBs,
    int64_t expertTokenNumsType, aclTensor* expandXOut, aclTensor* dynamicScalesOut,
    aclTensor* expandIdxOut, aclTensor* expertTokenNumsOut, aclTensor* epRecvCountsOut,
    aclTensor* tpRecvCountsOut, aclTensor* expandScalesOut, uint64_t* workspaceSize,
    aclOpExecutor** executor);

// Second phase: queues the operator on `stream`. Collective over groupEp.
ACL_FUNC_VISIBILITY aclnnStatus aclnnMoeDistributeDispatch(void* workspace, uint64_t workspaceSize,
                                                           aclOpExecutor* executor,
                                                           aclrtStream stream);

#ifdef __cplusplus
}
#endif

#endif  // ACLNN_MOE_DISTRIBUTE_DISPATCH_H_
