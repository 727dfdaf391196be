// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_moe_distribute_combine_add_rms_norm.h"

#include "op_api/combine_call.h"
#include "op_api/combine_device.h"

namespace {
constexpr char kOpName[] = "aclnnMoeDistributeCombineAddRmsNorm";
}

aclnnStatus aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize(
    const aclTensor* expandX, const aclTensor* expertIds, const aclTensor* assistInfoForCombine,
    const aclTensor* epSendCounts, const aclTensor* expertScales, const aclTensor* residualX,
    const aclTensor* gamma, const aclTensor* tpSendCountsOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* activationScaleOptional,
    const aclTensor* weightScaleOptional, const aclTensor* groupListOptional,
    const aclTensor* expandScalesOptional, const aclTensor* sharedExpertXOptional,
    const char* groupEp, int64_t epWorldSize, int64_t epRankId, int64_t moeExpertNum,
    const char* groupTp, int64_t tpWorldSize, int64_t tpRankId, int64_t expertShardType,
    int64_t sharedExpertNum, int64_t sharedExpertRankNum, int64_t globalBs, int64_t outDtype,
    int64_t commQuantMode, int64_t groupListType, const char* commAlg, float normEps,
    aclTensor* yOut, aclTensor* rstdOut, aclTensor* xOut, uint64_t* workspaceSize,
    aclOpExecutor** executor) {
  return op_api::PrepareCombine(kOpName, {{expandX,
                                           expertIds,
                                           assistInfoForCombine,
                                           epSendCounts,
                                           expertScales,
                                           residualX,
                                           gamma,
                                           tpSendCountsOptional,
                                           xActiveMaskOptional,
                                           activationScaleOptional,
                                           weightScaleOptional,
                                           groupListOptional,
                                           expandScalesOptional,
                                           sharedExpertXOptional,
                                           nullptr,
                                           nullptr,
                                           nullptr,
                                           nullptr,
                                           nullptr,
                                           yOut,
                                           rstdOut,
                                           xOut},
                                          {{groupEp, epWorldSize, epRankId, moeExpertNum, groupTp,
                                            tpWorldSize, tpRankId, expertShardType, sharedExpertNum,
                                            sharedExpertRankNum, globalBs, commAlg, 0, 0, 0},
                                           outDtype,
                                           commQuantMode,
                                           groupListType,
                                           normEps},
                                          workspaceSize,
                                          executor});
}

aclnnStatus aclnnMoeDistributeCombineAddRmsNorm(void* workspace, uint64_t workspaceSize,
                                                aclOpExecutor* executor, aclrtStream stream) {
  return op_api::LaunchOnDevice(kOpName, workspace, workspaceSize, executor, stream);
}
