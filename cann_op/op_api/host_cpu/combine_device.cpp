// SPDX-License-Identifier: Apache-2.0
#include "op_api/combine_device.h"

#include <cstring>

#include "op_api/host_cpu/operator_call.h"
#include "op_kernel/host_ascendc/combine.h"
#include "op_kernel/host_ascendc/kernel_choice.h"
#include "op_kernel/host_cpu/combine_add_rms_norm.h"

namespace op_api {

using op_plan::TensorSpec;
using op_plan::Verdict;

namespace {

template <typename Params>
Verdict MakeCombineExecutor(const char* op_name, const CombineCall& call, HostKernel kernel,
                            const Params& params, uint64_t workspace_bytes) {
  *call.workspace_size = workspace_bytes;
  return MakeExecutor(op_name, kernel, call.tensors, op_plan::kCombineInputs,
                      op_plan::kCombineTensors - op_plan::kCombineInputs, &params, sizeof(params),
                      workspace_bytes, call.executor);
}

Verdict PrepareHostCpu(const char* op_name, const CombineCall& call,
                       const combine::Params& params) {
  return MakeCombineExecutor(op_name, call, combine::Run, params,
                             combine::WorkspaceBytes(params.plan, params.cores));
}

Verdict PrepareAscendC(const char* op_name, const CombineCall& call, const TensorSpec* specs,
                       const combine::Params& combine_params,
                       const host_ascendc_kernel::KernelChoice& choice) {
  host_ascendc_kernel::Params params = {};
  params.combine = combine_params;
  params.shapes = {specs[op_plan::kSharedExpertX].present,
                   specs[op_plan::kConstExpertAlpha1].dim_count == 2,
                   specs[op_plan::kConstExpertAlpha2].dim_count == 2};
  params.vector_cores = choice.cores;
  params.checked = choice.checked;
  return MakeCombineExecutor(op_name, call, host_ascendc_kernel::Run, params,
                             host_ascendc_kernel::WorkspaceBytes());
}

}  // namespace

Verdict PrepareOnDevice(const char* op_name, const CombineCall& call, const TensorSpec* specs,
                        const op_plan::CombinePlan& plan) {
  host_ascendc_kernel::KernelChoice choice = {};
  OP_PLAN_CHECK(host_ascendc_kernel::ReadKernelChoice(&choice));
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
  return choice.ascend_c ? PrepareAscendC(op_name, call, specs, params, choice)
                         : PrepareHostCpu(op_name, call, params);
}

aclnnStatus LaunchOnDevice(const char* op_name, void* workspace, uint64_t workspace_size,
                           aclOpExecutor* executor, aclrtStream stream) {
  return HostExecutorLaunch(op_name, workspace, workspace_size, executor, stream);
}

}  // namespace op_api
