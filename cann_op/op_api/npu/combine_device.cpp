// SPDX-License-Identifier: Apache-2.0
#include "op_api/combine_device.h"

#include "npu/error_report.h"
#include "op_api/npu/generated_operator.h"
#include "op_api/operator_call.h"

extern "C" {
// Of libnnopbase. Where the definition cannot say that the cores need no server for the
// communication (before HcclServerType, see op_host), the executor is told, as CANN's own operators
// do it.
enum NnopbaseHcclServerType { kServerAiCpu = 0, kServerMte = 1 };
void NnopbaseSetHcclServerType(void* executor, NnopbaseHcclServerType type) __attribute__((weak));
}

namespace op_api {

using op_plan::Refuse;
using op_plan::Verdict;

namespace {

// An input that nobody reads is accepted with any dtype, and left out where CANN would refuse it.
const aclTensor* Unread(const aclTensor* tensor, const op_plan::TensorSpec& spec,
                        op_plan::DType defined) {
  return spec.dtype == defined ? tensor : nullptr;
}

}  // namespace

Verdict PrepareOnDevice(const char*, const CombineCall& call, const op_plan::TensorSpec* specs,
                        const op_plan::CombinePlan& plan) {
  const aclTensor* const* const t = call.tensors;
  const op_plan::CombineAttributes& a = call.attributes;
  const bool tp = plan.ep.tp_world_size > 1;
  // Without TP a name of one must not make CANN look for its communicator.
  const char* const group_tp = tp ? a.ep.group_tp : "";
  const aclTensor* const tp_send_counts =
      tp ? t[op_plan::kTpSendCounts]
         : Unread(t[op_plan::kTpSendCounts], specs[op_plan::kTpSendCounts], op_plan::DType::kInt32);
  const aclTensor* const expand_scales =
      Unread(t[op_plan::kExpandScales], specs[op_plan::kExpandScales], op_plan::DType::kFloat32);
  const aclnnStatus status = aclnnCustomMoeDistributeCombineAddRmsNormGetWorkspaceSize(
      t[op_plan::kExpandX], t[op_plan::kExpertIds], t[op_plan::kExpandIdx],
      t[op_plan::kEpSendCounts], t[op_plan::kExpertScales], t[op_plan::kResidualX],
      t[op_plan::kGamma], tp_send_counts, t[op_plan::kXActiveMask], t[op_plan::kActivationScale],
      t[op_plan::kWeightScale], t[op_plan::kGroupList], expand_scales, t[op_plan::kSharedExpertX],
      t[op_plan::kElasticInfo], t[op_plan::kOriX], t[op_plan::kConstExpertAlpha1],
      t[op_plan::kConstExpertAlpha2], t[op_plan::kConstExpertV], const_cast<char*>(a.ep.group_ep),
      a.ep.ep_world_size, a.ep.ep_rank_id, a.ep.moe_expert_num, const_cast<char*>(group_tp),
      a.ep.tp_world_size, a.ep.tp_rank_id, a.ep.expert_shard_type, a.ep.shared_expert_num,
      a.ep.shared_expert_rank_num, a.ep.global_bs, a.out_dtype, a.comm_quant_mode,
      a.group_list_type, const_cast<char*>(a.ep.comm_alg), static_cast<double>(a.norm_eps),
      a.ep.zero_expert_num, a.ep.copy_expert_num, a.ep.const_expert_num, t[op_plan::kY],
      t[op_plan::kRstdOut], t[op_plan::kX], call.workspace_size, call.executor);
  if (status == OK) return {};
  return Refuse(static_cast<op_plan::Status>(status),
                "CANN refuses the call with status %d, for a reason that it has given itself",
                status);
}

aclnnStatus LaunchOnDevice(const char*, void* workspace, uint64_t workspace_size,
                           aclOpExecutor* executor, aclrtStream stream) {
  if (executor != nullptr && NnopbaseSetHcclServerType != nullptr) {
    NnopbaseSetHcclServerType(executor, kServerMte);
  }
  return aclnnCustomMoeDistributeCombineAddRmsNorm(workspace, workspace_size, executor, stream);
}

void SetErrorText(const char* op_name, const char* text) { npu::ReportError(op_name, text); }

}  // namespace op_api
