// SPDX-License-Identifier: Apache-2.0
#include "op_api/combine_device.h"

#include <cstring>

#include "op_api/host_cpu/operator_call.h"
#include "op_kernel/host_cpu/combine_add_rms_norm.h"

namespace op_api {

using op_plan::Verdict;

Verdict PrepareOnDevice(const char* op_name, const CombineCall& call, const op_plan::TensorSpec*,
                        const op_plan::CombinePlan& plan) {
  Group group;
  OP_PLAN_CHECK(FindGroupOf(call.attributes.ep, plan.ep, &group));

  combine::Params params = {};
  params.plan = plan;
  std::strncpy(params.group_ep, call.attributes.ep.group_ep, sizeof(params.group_ep) - 1);
  if (plan.ep.tp_world_size > 1) {
    OP_PLAN_CHECK(FindPairOf(call.attributes.ep));
    std::strncpy(params.group_tp, call.attributes.ep.group_tp, sizeof(params.group_tp) - 1);
  }
  params.cores = CoresPerRank(group.local_size);
  *call.workspace_size = combine::WorkspaceBytes(plan, params.cores);
  return MakeExecutor(op_name, combine::Run, call.tensors, op_plan::kCombineInputs,
                      op_plan::kCombineTensors - op_plan::kCombineInputs, &params, sizeof(params),
                      *call.workspace_size, call.executor);
}

aclnnStatus LaunchOnDevice(const char* op_name, void* workspace, uint64_t workspace_size,
                           aclOpExecutor* executor, aclrtStream stream) {
  return HostExecutorLaunch(op_name, workspace, workspace_size, executor, stream);
}

}  // namespace op_api
