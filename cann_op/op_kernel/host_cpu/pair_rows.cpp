// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_cpu/pair_rows.h"

#include <cstdio>

#include "op_kernel/host_cpu/lent_rows.h"
#include "op_kernel/host_cpu/routing_check.h"

namespace combine {

// What a rank leaves in its own status area for its peer.
struct PairExchange::Offer {
  LentRows part;  // the peer's
  PairCounts counts;
};

namespace {

op_api::CollectiveRequest Request(const Params& params) {
  const op_plan::ExpertParallel& ep = params.plan.ep;
  return {
      "group_tp",
      params.group_tp,
      ep.tp_world_size,
      ep.tp_rank_id,
      {0, 1},
      0,
      op_api::MakeSignature("MoeDistributeCombineAddRmsNorm",
                            "ep_world_size,ep_rank_id,H,moe_expert_num,largest BS",
                            {ep.ep_world_size, ep.ep_rank_id, ep.h, ep.moe_expert_num, ep.max_bs})};
}

}  // namespace

uint64_t PairPackBytes(const op_plan::ExpertParallel& ep) {
  return ep.tp_world_size == 1 ? 0 : ep.MaxRows(ep.ep_rank_id) * uint64_t{ep.h} * sizeof(uint16_t);
}

PairExchange::PairExchange(const HostLaunch& host, const Params& params, uint8_t* packed,
                           HostFailure* failure)
    : tensors_(host.tensors),
      ep_(params.plan.ep),
      packed_(packed),
      turn_(host, Request(params), failure) {}

bool PairExchange::MakeOffer(Offer* offer, HostFailure* failure) {
  const StridedView<const uint16_t> expand_x(tensors_[op_plan::kExpandX]);
  if (!ReadPairCounts(ep_, tensors_, &offer->counts, failure)) return false;
  const op_plan::Verdict refusal =
      LendRows(expand_x, offer->counts.own_rows, offer->counts.peer_rows, ep_.h,
               reinterpret_cast<uint16_t*>(packed_), &offer->part);
  if (refusal) std::snprintf(failure->text, HostFailure::kTextBytes, "%s", refusal->text.c_str());
  return !refusal;
}

aclError PairExchange::Find(PairRows* rows, HostFailure* failure) {
  const op_api::CollectiveKernel& kernel = turn_.kernel();
  Offer own;
  if (!MakeOffer(&own, failure)) return kernel.Fail(failure);
  *reinterpret_cast<Offer*>(kernel.Status(ep_.tp_rank_id)) = own;
  aclError status = kernel.PublishAndAwaitAll(failure);
  if (status != ACL_SUCCESS) return status;

  const uint32_t peer = 1 - ep_.tp_rank_id;
  const Offer theirs = *reinterpret_cast<const Offer*>(kernel.Status(peer));
  if (!CheckPeerCounts(ep_, own.counts, theirs.counts, failure)) return kernel.Fail(failure);
  const uint8_t* first =
      BorrowRows(kernel, peer, theirs.part, own.counts.own_rows, ep_.h * sizeof(uint16_t), failure);
  if (first == nullptr) return kernel.Fail(failure);
  *rows = {first, theirs.part.row_bytes};
  return ACL_SUCCESS;
}

}  // namespace combine
