// SPDX-License-Identifier: Apache-2.0
#include "dispatch.h"

#include <algorithm>

#include "op_api/host_cpu/collective_kernel.h"
#include "op_api/host_cpu/operator_call.h"
#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/limits.h"
#include "op_plan/routing_check.h"

namespace dispatch {

using op_plan::DispatchPlan;
using op_plan::ExpertParallel;

op_plan::Verdict CheckSupported(const DispatchPlan& plan) {
  return op_api::RefuseMissing({
      {plan.ep.tp_world_size > 1, "tp_world_size 2"},
      {plan.masked, "x_active_mask"},
  });
}

uint64_t WorkspaceBytes(const DispatchPlan& plan) {
  const ExpertParallel& ep = plan.ep;
  const uint64_t blocks = uint64_t{ep.LocalExpertNum(ep.ep_rank_id)} * ep.ep_world_size;
  return (std::max<uint64_t>(blocks, ep.moe_expert_num) + 1) * sizeof(uint32_t);
}

namespace {

HostCollectiveSignature Signature(const DispatchPlan& plan) {
  const ExpertParallel& ep = plan.ep;
  return op_api::MakeSignature(
      "MoeDistributeDispatch",
      "ep_world_size,H,K,moe_expert_num,shared_expert_num,shared_expert_rank_num,largest BS,"
      "quant_mode",
      {ep.ep_world_size, ep.h, ep.k, ep.moe_expert_num, ep.shared_expert_num,
       ep.shared_expert_rank_num, ep.max_bs,
       plan.quantise ? op_plan::kQuantDynamic : op_plan::kQuantNone});
}

}  // namespace

aclError Run(const HostLaunch* host, HostFailure* failure) {
  const auto& params = *static_cast<const Params*>(host->params);
  const ExpertParallel& ep = params.plan.ep;
  const auto body = [&](const op_api::CollectiveKernel& kernel) {
    const Launch launch = {
        host->tensors,      params.plan,  op_plan::MakeWindowLayout(ep),          kernel.collective,
        kernel.half_offset, params.cores, static_cast<uint32_t*>(host->workspace)};
    const StridedView<const int32_t> ids(host->tensors[op_plan::kDispatchExpertIds]);
    if (!op_plan::CheckExpertIds(ids, ep, failure->text, HostFailure::kTextBytes)) {
      return kernel.Fail(failure);
    }
    OfferTokens(launch);
    const aclError status = kernel.PublishAndAwaitAll(failure);
    if (status != ACL_SUCCESS) return status;
    return FetchRows(launch, failure) ? ACL_SUCCESS : ACL_ERROR_RT_VECTOR_CORE_EXCEPTION;
  };
  return op_api::RunCollective(*host, params.group_ep, ep, Signature(params.plan), failure, body);
}

}  // namespace dispatch
