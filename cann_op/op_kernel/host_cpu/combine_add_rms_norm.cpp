// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_cpu/combine_add_rms_norm.h"

#include "op_api/host_cpu/operator_call.h"
#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/routing_check.h"

namespace combine {

using op_plan::CombinePlan;
using op_plan::ExpertParallel;

op_plan::Verdict CheckSupported(const CombinePlan& plan) {
  return op_api::RefuseMissing({
      {plan.ep.tp_world_size > 1, "tp_world_size 2"},
      {plan.row_origin == op_plan::RowOrigin::kPositions, "the expand_idx of dispatch V1"},
      {plan.mask != op_plan::MaskKind::kNone, "x_active_mask"},
      {plan.int8_rows, "comm_quant_mode 2"},
      {plan.elastic, "elastic_info"},
      {plan.ep.AllExpertNum() > plan.ep.moe_expert_num, "zero, copy and const experts"},
  });
}

namespace {

// The workspace: a pointer per row slot, then scratch per core, on a cache line.
uint64_t RowTableBytes(const ExpertParallel& ep) {
  constexpr uint64_t kCacheLine = 64;
  const uint64_t bytes = uint64_t{ep.bs} * ep.CopiesPerToken() * sizeof(uint16_t*);
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

HostCollectiveSignature Signature(const ExpertParallel& ep) {
  return op_api::MakeSignature(
      "MoeDistributeCombineAddRmsNorm",
      "ep_world_size,H,K,moe_expert_num,shared_expert_num,shared_expert_rank_num,largest BS",
      {ep.ep_world_size, ep.h, ep.k, ep.moe_expert_num, ep.shared_expert_num,
       ep.shared_expert_rank_num, ep.max_bs});
}

}  // namespace

uint64_t WorkspaceBytes(const CombinePlan& plan, uint32_t cores) {
  return RowTableBytes(plan.ep) + cores * ReducerScratchBytes(plan.ep.h);
}

aclError Run(const HostLaunch* host, HostFailure* failure) {
  const auto& params = *static_cast<const Params*>(host->params);
  const ExpertParallel& ep = params.plan.ep;
  const auto body = [&](const op_api::CollectiveKernel& kernel) {
    auto* workspace = static_cast<uint8_t*>(host->workspace);
    const Launch launch = {host->tensors,
                           params.plan,
                           op_plan::MakeWindowLayout(ep),
                           kernel,
                           params.cores,
                           reinterpret_cast<const uint16_t**>(workspace),
                           workspace + RowTableBytes(ep)};
    const StridedView<const int32_t> ids(host->tensors[op_plan::kExpertIds]);
    bool lent = false;
    if (!op_plan::CheckExpertIds(ids, ep, failure->text, HostFailure::kTextBytes) ||
        !SendRows(launch, &lent, failure)) {
      return kernel.Fail(failure);
    }
    const aclError status = kernel.PublishAndAwaitAll(failure);
    if (status != ACL_SUCCESS) return status;
    if (!ResolveRows(launch, failure)) return kernel.Fail(failure);
    ReduceTokens(launch);
    kernel.PublishStep();
    return lent ? kernel.AwaitStepOfAll(failure) : ACL_SUCCESS;
  };
  return op_api::RunCollective(*host, params.group_ep, ep, Signature(ep), failure, body);
}

}  // namespace combine
