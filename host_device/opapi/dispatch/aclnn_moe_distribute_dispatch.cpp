// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_moe_distribute_dispatch.h"

#include "dispatch_call.h"
#include "host_executor.h"

namespace {
constexpr char kOpName[] = "aclnnMoeDistributeDispatch";
}

aclnnStatus aclnnMoeDistributeDispatchGetWorkspaceSize(
    const aclTensor* x, const aclTensor* expertIds, const aclTensor* scalesOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* expertScalesOptional,
    const char* groupEp, int64_t epWorldSize, int64_t epRankId, int64_t moeExpertNum,
    const char* groupTp, int64_t tpWorldSize, int64_t tpRankId, int64_t expertShardType,
    int64_t sharedExpertNum, int64_t sharedExpertRankNum, int64_t quantMode, int64_t globalBs,
    int64_t expertTokenNumsType, aclTensor* expandXOut, aclTensor* dynamicScalesOut,
    aclTensor* expandIdxOut, aclTensor* expertTokenNumsOut, aclTensor* epRecvCountsOut,
    aclTensor* tpRecvCountsOut, aclTensor* expandScalesOut, uint64_t* workspaceSize,
    aclOpExecutor** executor) {
  return dispatch::Prepare(
      kOpName,
      {{x, expertIds, scalesOptional, xActiveMaskOptional, expertScalesOptional, nullptr,
        expandXOut, dynamicScalesOut, expandIdxOut, expertTokenNumsOut, epRecvCountsOut,
        tpRecvCountsOut, expandScalesOut},
       {{groupEp, epWorldSize, epRankId, moeExpertNum, groupTp, tpWorldSize, tpRankId,
         expertShardType, sharedExpertNum, sharedExpertRankNum, globalBs, nullptr, 0, 0, 0},
        quantMode,
        expertTokenNumsType,
        op_plan::RowOrigin::kPositions},
       workspaceSize,
       executor});
}

aclnnStatus aclnnMoeDistributeDispatch(void* workspace, uint64_t workspaceSize,
                                       aclOpExecutor* executor, aclrtStream stream) {
  return HostExecutorLaunch(kOpName, workspace, workspaceSize, executor, stream);
}
