// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_moe_distribute_dispatch_v3.h"

#include "dispatch_call.h"
#include "host_executor.h"

namespace {
constexpr char kOpName[] = "aclnnMoeDistributeDispatchV3";
}

aclnnStatus aclnnMoeDistributeDispatchV3GetWorkspaceSize(
    const aclTensor* x, const aclTensor* expertIds, const aclTensor* scalesOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* expertScalesOptional,
    const aclTensor* elasticInfoOptional, const char* groupEp, int64_t epWorldSize,
    int64_t epRankId, int64_t moeExpertNum, const char* groupTp, int64_t tpWorldSize,
    int64_t tpRankId, int64_t expertShardType, int64_t sharedExpertNum, int64_t sharedExpertRankNum,
    int64_t quantMode, int64_t globalBs, int64_t expertTokenNumsType, const char* commAlg,
    int64_t zeroExpertNum, int64_t copyExpertNum, int64_t constExpertNum, aclTensor* expandXOut,
    aclTensor* dynamicScalesOut, aclTensor* assistInfoForCombineOut, aclTensor* expertTokenNumsOut,
    aclTensor* epRecvCountsOut, aclTensor* tpRecvCountsOut, aclTensor* expandScalesOut,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  return dispatch::Prepare(
      kOpName, {{x, expertIds, scalesOptional, xActiveMaskOptional, expertScalesOptional,
                 elasticInfoOptional, expandXOut, dynamicScalesOut, assistInfoForCombineOut,
                 expertTokenNumsOut, epRecvCountsOut, tpRecvCountsOut, expandScalesOut},
                {{groupEp, epWorldSize, epRankId, moeExpertNum, groupTp, tpWorldSize, tpRankId,
                  expertShardType, sharedExpertNum, sharedExpertRankNum, globalBs, commAlg,
                  zeroExpertNum, copyExpertNum, constExpertNum},
                 quantMode,
                 expertTokenNumsType,
                 op_plan::RowOrigin::kTriples},
                workspaceSize,
                executor});
}

aclnnStatus aclnnMoeDistributeDispatchV3(void* workspace, uint64_t workspaceSize,
                                         aclOpExecutor* executor, aclrtStream stream) {
  return HostExecutorLaunch(kOpName, workspace, workspaceSize, executor, stream);
}
