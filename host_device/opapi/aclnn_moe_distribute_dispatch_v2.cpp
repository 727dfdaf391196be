// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_moe_distribute_dispatch_v2.h"

#include <cstring>

#include "dispatch.h"
#include "op_api/host_cpu/collective_kernel.h"
#include "op_api/host_cpu/operator_call.h"

namespace {

constexpr char kOpName[] = "aclnnMoeDistributeDispatchV2";

struct Call {
  const aclTensor* tensors[op_plan::kDispatchTensors];  // in the order of op_plan::DispatchTensor
  op_plan::DispatchAttributes attributes;
  uint64_t* workspace_size;
  aclOpExecutor** executor;
};

op_plan::Verdict Prepare(const Call& call) {
  OP_PLAN_CHECK(op_api::CheckOutPointers(call.workspace_size, call.executor));
  op_plan::TensorSpec specs[op_plan::kDispatchTensors];
  for (uint32_t i = 0; i < op_plan::kDispatchTensors; ++i) {
    OP_PLAN_CHECK(op_api::ReadTensor(call.tensors[i], op_plan::DispatchTensorName(i), &specs[i]));
  }
  dispatch::Params params = {};
  OP_PLAN_CHECK(op_plan::MakeDispatchPlan(specs, call.attributes, &params.plan));
  op_api::Group group;
  OP_PLAN_CHECK(op_api::FindGroupOf(call.attributes.ep, params.plan.ep, &group));
  OP_PLAN_CHECK(dispatch::CheckSupported(params.plan));

  std::strncpy(params.group_ep, call.attributes.ep.group_ep, sizeof(params.group_ep) - 1);
  params.cores = op_api::CoresPerRank(group.local_size);
  *call.workspace_size = dispatch::WorkspaceBytes(params.plan);
  return op_api::MakeExecutor(kOpName, dispatch::Run, call.tensors, op_plan::kDispatchInputs,
                              op_plan::kDispatchTensors - op_plan::kDispatchInputs, &params,
                              sizeof(params), *call.workspace_size, call.executor);
}

}  // namespace

aclnnStatus aclnnMoeDistributeDispatchV2GetWorkspaceSize(
    const aclTensor* x, const aclTensor* expertIds, const aclTensor* scalesOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* expertScalesOptional,
    const char* groupEp, int64_t epWorldSize, int64_t epRankId, int64_t moeExpertNum,
    const char* groupTp, int64_t tpWorldSize, int64_t tpRankId, int64_t expertShardType,
    int64_t sharedExpertNum, int64_t sharedExpertRankNum, int64_t quantMode, int64_t globalBs,
    int64_t expertTokenNumsType, const char* commAlg, aclTensor* expandXOut,
    aclTensor* dynamicScalesOut, aclTensor* assistInfoForCombineOut, aclTensor* expertTokenNumsOut,
    aclTensor* epRecvCountsOut, aclTensor* tpRecvCountsOut, aclTensor* expandScalesOut,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  const Call call = {
      {x, expertIds, scalesOptional, xActiveMaskOptional, expertScalesOptional, expandXOut,
       dynamicScalesOut, assistInfoForCombineOut, expertTokenNumsOut, epRecvCountsOut,
       tpRecvCountsOut, expandScalesOut},
      {{groupEp, epWorldSize, epRankId, moeExpertNum, groupTp, tpWorldSize, tpRankId,
        expertShardType, sharedExpertNum, sharedExpertRankNum, globalBs, commAlg, 0, 0, 0},
       quantMode,
       expertTokenNumsType},
      workspaceSize,
      executor};
  return op_api::Report(kOpName, [&] { return Prepare(call); });
}

aclnnStatus aclnnMoeDistributeDispatchV2(void* workspace, uint64_t workspaceSize,
                                         aclOpExecutor* executor, aclrtStream stream) {
  return HostExecutorLaunch(kOpName, workspace, workspaceSize, executor, stream);
}
