// SPDX-License-Identifier: Apache-2.0
#include "dispatch_call.h"

#include <cstring>

#include "dispatch.h"
#include "op_api/host_cpu/operator_call.h"

namespace dispatch {
namespace {

op_plan::Verdict TryPrepare(const char* op_name, const Call& call) {
  OP_PLAN_CHECK(op_api::CheckOutPointers(call.workspace_size, call.executor));
  op_plan::TensorSpec specs[op_plan::kDispatchTensors];
  for (uint32_t i = 0; i < op_plan::kDispatchTensors; ++i) {
    OP_PLAN_CHECK(op_api::ReadTensor(call.tensors[i], op_plan::DispatchTensorName(i), &specs[i]));
  }
  Params params = {};
  const op_plan::ExpertParallelAttributes& attributes = call.attributes.ep;
  OP_PLAN_CHECK(op_plan::MakeDispatchPlan(specs, call.attributes, &params.plan));
  op_api::Group group;
  OP_PLAN_CHECK(op_api::FindGroupOf(attributes, params.plan.ep, &group));
  std::strncpy(params.group_ep, attributes.group_ep, sizeof(params.group_ep) - 1);
  if (params.plan.ep.tp_world_size > 1) {
    OP_PLAN_CHECK(op_api::FindPairOf(attributes));
    std::strncpy(params.group_tp, attributes.group_tp, sizeof(params.group_tp) - 1);
  }
  params.cores = op_api::CoresPerRank(group.local_size);
  *call.workspace_size = WorkspaceBytes(params.plan);
  return op_api::MakeExecutor(op_name, Run, call.tensors, op_plan::kDispatchInputs,
                              op_plan::kDispatchTensors - op_plan::kDispatchInputs, &params,
                              sizeof(params), *call.workspace_size, call.executor);
}

}  // namespace

aclnnStatus Prepare(const char* op_name, const Call& call) {
  return op_api::Report(op_name, [&] { return TryPrepare(op_name, call); });
}

}  // namespace dispatch
