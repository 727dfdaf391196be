// SPDX-License-Identifier: Apache-2.0
#include "dispatch.h"

#include <algorithm>
#include <cstdio>

#include "op_kernel/host_cpu/read_topology.h"
#include "op_plan/limits.h"
#include "pair_gather.h"

namespace dispatch {

using op_plan::DispatchPlan;
using op_plan::ExpertParallel;
using op_plan::Topology;

namespace {

// The workspace: a table by block or by expert, and rows that must be packed for the TP peer.
uint64_t TableBytes(const DispatchPlan& plan) {
  constexpr uint64_t kCacheLine = 64;
  const ExpertParallel& ep = plan.ep;
  const uint64_t blocks = uint64_t{ep.ExpertsPerMoeRank()} * ep.ep_world_size;
  const uint64_t bytes = (std::max<uint64_t>(blocks, ep.moe_expert_num) + 1) * sizeof(uint32_t);
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

op_api::CollectiveRequest Request(const Params& params, const Topology& topology) {
  const DispatchPlan& plan = params.plan;
  const ExpertParallel& ep = plan.ep;
  return {"group_ep",
          params.group_ep,
          ep.ep_world_size,
          ep.ep_rank_id,
          topology.original,
          op_plan::RequiredBufferBytes(ep),
          op_api::MakeSignature(
              "MoeDistributeDispatch",
              "ep_world_size,H,K,moe_expert_num,shared_expert_num,shared_expert_rank_num,largest "
              "BS,quant_mode,float16,ranks left,experts left",
              {ep.ep_world_size, ep.h, ep.k, ep.moe_expert_num, ep.shared_expert_num,
               ep.shared_expert_rank_num, ep.max_bs,
               plan.quantise ? op_plan::kQuantDynamic : op_plan::kQuantNone, plan.half,
               topology.ep.ep_world_size, topology.ep.moe_expert_num})};
}

// The exchange over group_ep; `rows` tells how many arrived.
aclError Exchange(const HostLaunch& host, const Params& params, int64_t* rows,
                  HostFailure* failure) {
  const DispatchPlan& plan = params.plan;
  Topology topology;
  const op_plan::Verdict refusal =
      ReadTopology(host.tensors[op_plan::kDispatchElasticInfo], plan.ep, &topology);
  const op_api::CollectiveTurn turn(host, Request(params, topology), failure);
  if (turn.status() != ACL_SUCCESS) return turn.status();
  const op_api::CollectiveKernel& kernel = turn.kernel();
  if (refusal) {
    std::snprintf(failure->text, HostFailure::kTextBytes, "%s", refusal->text.c_str());
    return kernel.Fail(failure);
  }
  const Choices choices(host.tensors[op_plan::kDispatchExpertIds],
                        host.tensors[op_plan::kDispatchXActiveMask], plan.mask, topology.ep);
  const Launch launch = {
      host.tensors, plan,    topology.ep,  op_plan::MakeWindowLayout(plan.ep),
      kernel,       choices, params.cores, static_cast<uint32_t*>(host.workspace)};
  if (!choices.Check(failure)) return kernel.Fail(failure);
  OfferTokens(launch);
  const aclError status = kernel.PublishAndAwaitAll(failure);
  if (status != ACL_SUCCESS) return status;
  return FetchRows(launch, rows, failure) ? ACL_SUCCESS : kernel.Fail(failure);
}

}  // namespace

uint64_t WorkspaceBytes(const DispatchPlan& plan) { return TableBytes(plan) + PairPackBytes(plan); }

aclError Run(const HostLaunch* host, HostFailure* failure) {
  const auto& params = *static_cast<const Params*>(host->params);
  int64_t rows = 0;
  const aclError status = Exchange(*host, params, &rows, failure);
  if (status != ACL_SUCCESS || params.plan.ep.tp_world_size == 1) return status;
  uint8_t* packed = static_cast<uint8_t*>(host->workspace) + TableBytes(params.plan);
  return GatherPair(*host, params, rows, packed, failure);
}

}  // namespace dispatch
