// SPDX-License-Identifier: Apache-2.0
#include "pair_gather.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "op_kernel/host_cpu/lent_rows.h"

namespace dispatch {
namespace {

using op_plan::ExpertParallel;

// What a rank leaves in its half of its own window: this, its counts, and its scales.
struct Offer {
  LentRows rows;
  int64_t row_count;
};

uint64_t OfferBytes(const ExpertParallel& ep) {
  return sizeof(Offer) +
         (ep.ep_world_size + static_cast<uint64_t>(ep.MaxRows(ep.ep_rank_id))) * sizeof(int32_t);
}

op_api::CollectiveRequest Request(const Params& params) {
  const ExpertParallel& ep = params.plan.ep;
  return {"group_tp",
          params.group_tp,
          ep.tp_world_size,
          ep.tp_rank_id,
          {0, 1},
          2 * OfferBytes(ep),
          op_api::MakeSignature(
              "MoeDistributeDispatch", "ep_world_size,ep_rank_id,H,moe_expert_num,largest BS",
              {ep.ep_world_size, ep.ep_rank_id, ep.h, ep.moe_expert_num, ep.max_bs})};
}

template <typename T>
class PairGather {
 public:
  PairGather(const HostLaunch& host, const Params& params, const op_api::CollectiveKernel& kernel)
      : host_(host),
        plan_(params.plan),
        ep_(params.plan.ep),
        kernel_(kernel),
        expand_x_(host.tensors[op_plan::kDispatchExpandX]),
        scales_(host.tensors[op_plan::kDynamicScales]),
        ep_counts_(host.tensors[op_plan::kEpRecvCounts]),
        tp_counts_(host.tensors[op_plan::kTpRecvCounts]) {}

  aclError Run(int64_t own_rows, uint8_t* packed, HostFailure* failure) {
    const StridedView<const T> rows(host_.tensors[op_plan::kDispatchExpandX]);
    const op_plan::Verdict refusal =
        LendRows(rows, 0, own_rows, ep_.h, reinterpret_cast<T*>(packed), &Header(self_)->rows);
    if (refusal) {
      std::snprintf(failure->text, HostFailure::kTextBytes, "%s", refusal->text.c_str());
      return kernel_.Fail(failure);
    }
    Header(self_)->row_count = own_rows;
    for (uint32_t i = 0; i < ep_.ep_world_size; ++i) Counts(self_)[i] = ep_counts_(i);
    for (int64_t i = 0; i < own_rows && plan_.quantise; ++i) Scales(self_)[i] = scales_(i);
    aclError status = kernel_.PublishAndAwaitAll(failure);
    if (status == ACL_SUCCESS) status = Append(own_rows, failure);
    if (status != ACL_SUCCESS) {
      kernel_.AwaitReaders(failure);
      return status;
    }
    kernel_.PublishStep();
    return kernel_.AwaitStepOfAll(failure);
  }

 private:
  Offer* Header(uint32_t rank) const { return reinterpret_cast<Offer*>(kernel_.Window(rank)); }
  int32_t* Counts(uint32_t rank) const { return reinterpret_cast<int32_t*>(Header(rank) + 1); }
  float* Scales(uint32_t rank) const {
    return reinterpret_cast<float*>(Counts(rank) + ep_.ep_world_size);
  }

  aclError Append(int64_t own_rows, HostFailure* failure) {
    const uint32_t peer = 1 - self_;
    const Offer offer = *Header(peer);
    const int64_t rows_max = host_.tensors[op_plan::kDispatchExpandX].dims[0] - own_rows;
    if (offer.row_count < 0 || offer.row_count > rows_max ||
        offer.row_count > ep_.MaxRows(ep_.ep_rank_id)) {
      std::snprintf(failure->text, HostFailure::kTextBytes,
                    "TP rank %u has %" PRId64 " rows, expand_x has room for %" PRId64 " more", peer,
                    offer.row_count, rows_max);
      return kernel_.Fail(failure);
    }
    const uint8_t* first =
        BorrowRows(kernel_, peer, offer.rows, offer.row_count, ep_.h * sizeof(T), failure);
    if (first == nullptr) return kernel_.Fail(failure);
    for (int64_t i = 0; i < offer.row_count; ++i) {
      WriteRow(expand_x_, own_rows + i, first + i * offer.rows.row_bytes, ep_.h);
      if (plan_.quantise) scales_(own_rows + i) = Scales(peer)[i];
    }
    for (uint32_t i = 0; i < ep_.ep_world_size; ++i) {
      ep_counts_(ep_.ep_world_size + i) = Counts(peer)[i];
    }
    tp_counts_(self_) = static_cast<int32_t>(own_rows);
    tp_counts_(peer) = static_cast<int32_t>(offer.row_count);
    return ACL_SUCCESS;
  }

  const HostLaunch& host_;
  const op_plan::DispatchPlan& plan_;
  const ExpertParallel& ep_;
  const op_api::CollectiveKernel& kernel_;
  const uint32_t self_ = ep_.tp_rank_id;
  const StridedView<T> expand_x_;
  const StridedView<float> scales_;
  const StridedView<int32_t> ep_counts_;
  const StridedView<int32_t> tp_counts_;
};

}  // namespace

uint64_t PairPackBytes(const op_plan::DispatchPlan& plan) {
  const ExpertParallel& ep = plan.ep;
  return ep.tp_world_size == 1 ? 0 : ep.MaxRows(ep.ep_rank_id) * uint64_t{ep.h} * sizeof(uint16_t);
}

aclError GatherPair(const HostLaunch& host, const Params& params, int64_t own_rows, uint8_t* packed,
                    HostFailure* failure) {
  const op_api::CollectiveTurn turn(host, Request(params), failure);
  if (turn.status() != ACL_SUCCESS) return turn.status();
  if (params.plan.quantise) {
    return PairGather<int8_t>(host, params, turn.kernel()).Run(own_rows, packed, failure);
  }
  return PairGather<uint16_t>(host, params, turn.kernel()).Run(own_rows, packed, failure);
}

}  // namespace dispatch
