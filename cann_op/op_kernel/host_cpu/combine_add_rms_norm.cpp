// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_cpu/combine_add_rms_norm.h"

#include <cstdio>
#include <optional>

#include "op_kernel/host_cpu/pair_rows.h"
#include "op_kernel/host_cpu/read_topology.h"

namespace combine {

using op_plan::CombinePlan;
using op_plan::ExpertParallel;
using op_plan::Topology;

namespace {

constexpr uint64_t kCacheLine = 64;
constexpr uint64_t AlignUp(uint64_t value) {
  return (value + kCacheLine - 1) / kCacheLine * kCacheLine;
}

// The workspace: a pointer per row slot, scratch per core, and the peer's rows where they must be
// packed.
uint64_t RowTableBytes(const ExpertParallel& ep) {
  return AlignUp(uint64_t{ep.bs} * ep.CopiesPerToken() * sizeof(uint8_t*));
}
uint64_t ScratchBytes(const ExpertParallel& ep, uint32_t cores) {
  return AlignUp(cores * ReducerScratchBytes(ep.h));
}

op_api::CollectiveRequest Request(const Params& params, const Topology& topology) {
  const ExpertParallel& ep = params.plan.ep;
  return {"group_ep",
          params.group_ep,
          ep.ep_world_size,
          ep.ep_rank_id,
          topology.original,
          op_plan::RequiredBufferBytes(ep),
          op_api::MakeSignature(
              "MoeDistributeCombineAddRmsNorm",
              "ep_world_size,H,K,moe_expert_num,shared_expert_num,shared_expert_rank_num,largest "
              "BS,comm_quant_mode,expand_idx of V1,ranks left,experts left",
              {ep.ep_world_size, ep.h, ep.k, ep.moe_expert_num, ep.shared_expert_num,
               ep.shared_expert_rank_num, ep.max_bs, params.plan.int8_rows ? 2 : 0,
               params.plan.row_origin == op_plan::RowOrigin::kPositions, topology.ep.ep_world_size,
               topology.ep.moe_expert_num})};
}

// Everything between the first row sent and the last token written.
aclError Combine(const Launch& launch, PairExchange* pair, HostFailure* failure) {
  const op_api::CollectiveKernel& kernel = launch.kernel;
  PairRows pair_rows;
  if (!launch.choices.Check(failure)) return kernel.Fail(failure);
  aclError status = pair == nullptr ? ACL_SUCCESS : pair->Find(&pair_rows, failure);
  if (status != ACL_SUCCESS) {
    kernel.Fail(failure);
    return status;
  }
  bool lent = false;
  if (!SendRows(launch, pair_rows, &lent, failure)) return kernel.Fail(failure);
  if (pair != nullptr) pair->Done();
  status = kernel.PublishAndAwaitAll(failure);
  if (status == ACL_SUCCESS && !ResolveRows(launch, failure)) status = kernel.Fail(failure);
  if (status != ACL_SUCCESS) {
    if (lent) kernel.AwaitReaders(failure);
    return status;
  }
  ReduceTokens(launch);
  kernel.PublishStep();
  if (lent) status = kernel.AwaitStepOfAll(failure);
  return status == ACL_SUCCESS && pair != nullptr ? pair->AwaitPeer(failure) : status;
}

}  // namespace

uint64_t WorkspaceBytes(const CombinePlan& plan, uint32_t cores) {
  return RowTableBytes(plan.ep) + ScratchBytes(plan.ep, cores) + PairPackBytes(plan.ep);
}

aclError Run(const HostLaunch* host, HostFailure* failure) {
  const auto& params = *static_cast<const Params*>(host->params);
  const CombinePlan& plan = params.plan;
  Topology topology;
  const op_plan::Verdict refusal =
      ReadTopology(host->tensors[op_plan::kElasticInfo], plan.ep, &topology);
  const op_api::CollectiveTurn turn(*host, Request(params, topology), failure);
  if (turn.status() != ACL_SUCCESS) return turn.status();
  if (refusal) {
    std::snprintf(failure->text, HostFailure::kTextBytes, "%s", refusal->text.c_str());
    return turn.kernel().Fail(failure);
  }
  auto* workspace = static_cast<uint8_t*>(host->workspace);
  uint8_t* scratch = workspace + RowTableBytes(plan.ep);
  const Choices choices(host->tensors[op_plan::kExpertIds], host->tensors[op_plan::kXActiveMask],
                        plan.mask, topology.ep);
  const Launch launch = {
      host->tensors, plan,    topology.ep,  op_plan::MakeWindowLayout(plan.ep),
      turn.kernel(), choices, params.cores, reinterpret_cast<const uint8_t**>(workspace),
      scratch};
  if (plan.ep.tp_world_size == 1) return Combine(launch, nullptr, failure);
  PairExchange pair(*host, params, scratch + ScratchBytes(plan.ep, params.cores), failure);
  if (pair.status() != ACL_SUCCESS) {
    turn.kernel().Fail(failure);
    return pair.status();
  }
  const aclError status = Combine(launch, &pair, failure);
  if (status != ACL_SUCCESS) pair.Fail(failure);
  return status;
}

}  // namespace combine
