// SPDX-License-Identifier: Apache-2.0
#include "op_api/combine_call.h"

#include <cstring>

#include "op_api/host_cpu/operator_call.h"
#include "op_kernel/host_cpu/combine_add_rms_norm.h"

namespace op_api {
namespace {

using op_plan::CombinePlan;
using op_plan::TensorSpec;
using op_plan::Verdict;

Verdict Prepare(const char* op_name, const CombineCall& call) {
  OP_PLAN_CHECK(CheckOutPointers(call.workspace_size, call.executor));
  TensorSpec specs[op_plan::kCombineTensors];
  for (uint32_t i = 0; i < op_plan::kCombineTensors; ++i) {
    OP_PLAN_CHECK(ReadTensor(call.tensors[i], op_plan::CombineTensorName(i), &specs[i]));
  }
  combine::Params params = {};
  CombinePlan& plan = params.plan;
  OP_PLAN_CHECK(op_plan::MakeCombinePlan(specs, call.attributes, &plan));

  Group group;
  OP_PLAN_CHECK(FindGroupOf(call.attributes.ep, plan.ep, &group));

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

}  // namespace

aclnnStatus PrepareCombine(const char* op_name, const CombineCall& call) {
  return Report(op_name, [&] { return Prepare(op_name, call); });
}

}  // namespace op_api
