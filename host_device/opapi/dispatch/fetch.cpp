// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "dispatch.h"
#include "offer.h"
#include "op_kernel/host_cpu/strided_view.h"

namespace dispatch {
namespace {

using op_plan::ExpertParallel;

// Rows are ordered by block: local expert, then source rank. Block b gets rows [first_[b], first_[b
// + 1]).
class Fetcher {
 public:
  Fetcher(const Launch& launch, HostFailure* failure)
      : launch_(launch),
        ep_(launch.ep),
        self_(ep_.ep_rank_id),
        local_expert_num_(ep_.LocalExpertNum(self_)),
        blocks_(local_expert_num_ * ep_.ep_world_size),
        first_(launch.workspace),
        expand_x_(launch.tensors[op_plan::kDispatchExpandX]),
        expand_x_int8_(launch.tensors[op_plan::kDispatchExpandX]),
        dynamic_scales_(launch.tensors[op_plan::kDynamicScales]),
        triples_(launch.tensors[op_plan::kDispatchExpandIdx]),
        failure_(failure) {}

  bool Run(int64_t* rows) {
    if (!PlaceBlocks()) return false;
    *rows = first_[blocks_];
    HostParallelFor(
        blocks_, launch_.cores,
        [](void* fetcher, uint32_t block) { static_cast<Fetcher*>(fetcher)->FetchBlock(block); },
        this);
    WriteCounts();
    return true;
  }

 private:
  bool HasTriples() const { return launch_.plan.row_origin == op_plan::RowOrigin::kTriples; }
  Offer OfferOf(uint32_t source) const { return Offer(launch_.kernel.Window(source), ep_); }

  // What source `source` has for local expert `local`: positions in its choices, or all tokens.
  struct Share {
    uint32_t begin;
    uint32_t count;
  };
  Share ShareOf(uint32_t block) const {
    const uint32_t source = block % ep_.ep_world_size;
    const Offer offer = OfferOf(source);
    if (ep_.IsSharedRank(self_)) {
      const uint32_t shared = self_ / ep_.RanksPerSharedExpert();
      return {0, ep_.RankOfSharedExpert(shared, source) == self_ ? offer.header->token_count : 0};
    }
    const uint32_t expert =
        (self_ - ep_.shared_expert_rank_num) * local_expert_num_ + block / ep_.ep_world_size;
    return {offer.first[expert], offer.first[expert + 1] - offer.first[expert]};
  }

  // Nothing read from a peer's window is used as an index before it is checked here.
  bool PlaceBlocks() {
    const auto& expand_x = launch_.tensors[op_plan::kDispatchExpandX];
    int64_t rows_max = expand_x.dims[0];
    if (HasTriples()) {
      rows_max = std::min(rows_max, launch_.tensors[op_plan::kDispatchExpandIdx].dims[0] / 3);
    }
    if (launch_.plan.quantise) {
      rows_max = std::min(rows_max, launch_.tensors[op_plan::kDynamicScales].dims[0]);
    }
    int64_t rows = 0;
    for (uint32_t block = 0; block < blocks_; ++block) {
      first_[block] = static_cast<uint32_t>(rows);
      const Share share = ShareOf(block);
      const uint64_t choices = uint64_t{ep_.max_bs} * ep_.k;
      if (share.count > ep_.max_bs || uint64_t{share.begin} + share.count > choices) {
        std::snprintf(failure_->text, HostFailure::kTextBytes,
                      "rank %u offers %u rows of one expert, its BS is at most %u",
                      block % ep_.ep_world_size, share.count, ep_.max_bs);
        return false;
      }
      rows += share.count;
      if (rows > rows_max) {
        std::snprintf(failure_->text, HostFailure::kTextBytes,
                      "more than the %" PRId64 " rows of expand_x arrive on rank %u", rows_max,
                      self_);
        return false;
      }
    }
    first_[blocks_] = static_cast<uint32_t>(rows);
    return true;
  }

  void FetchBlock(uint32_t block) {
    const uint32_t source = block % ep_.ep_world_size;
    const Offer offer = OfferOf(source);
    const uint8_t* half = launch_.kernel.Window(source);
    const bool row_per_copy = offer.header->row_per_copy != 0;
    const uint32_t begin = ShareOf(block).begin;
    for (uint32_t row = first_[block]; row < first_[block + 1]; ++row) {
      const uint32_t i = row - first_[block];
      uint32_t token = 0;
      uint32_t copy = 0;
      if (ep_.IsSharedRank(self_)) {
        token = std::min(offer.tokens[i], ep_.max_bs - 1);
        copy = ep_.k + self_ / ep_.RanksPerSharedExpert();
      } else {
        const uint32_t choice = offer.choices[begin + i];
        token = std::min(choice / ep_.k, ep_.max_bs - 1);
        copy = choice % ep_.k;
      }
      const uint32_t slot = Offer::RowOf(token, copy, row_per_copy, ep_);
      const uint8_t* from = half + launch_.layout.RowSlot(slot);
      if (launch_.plan.quantise) {
        WriteRow(expand_x_int8_, row, from, ep_.h);
        dynamic_scales_(row) = offer.scales[slot];
      } else {
        WriteRow(expand_x_, row, from, ep_.h);
      }
      if (!HasTriples()) continue;
      triples_(3 * int64_t{row}) = static_cast<int32_t>(source);
      triples_(3 * int64_t{row} + 1) = static_cast<int32_t>(token);
      triples_(3 * int64_t{row} + 2) = static_cast<int32_t>(copy);
    }
  }

  void WriteCounts() {
    const StridedView<int32_t> ep_recv_counts(launch_.tensors[op_plan::kEpRecvCounts]);
    for (uint32_t block = 0; block < blocks_; ++block) {
      ep_recv_counts(block) = static_cast<int32_t>(first_[block + 1]);
    }
    const StridedView<int64_t> expert_token_nums(launch_.tensors[op_plan::kExpertTokenNums]);
    for (uint32_t local = 0; local < local_expert_num_; ++local) {
      const int64_t end = first_[(local + 1) * ep_.ep_world_size];
      const int64_t begin = launch_.plan.running_totals ? 0 : first_[local * ep_.ep_world_size];
      expert_token_nums(local) = end - begin;
    }
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  const uint32_t self_;
  const uint32_t local_expert_num_;
  const uint32_t blocks_;
  uint32_t* const first_;
  const StridedView<uint16_t> expand_x_;
  const StridedView<int8_t> expand_x_int8_;
  const StridedView<float> dynamic_scales_;
  const StridedView<int32_t> triples_;
  HostFailure* failure_;
};

}  // namespace

bool FetchRows(const Launch& launch, int64_t* rows, HostFailure* failure) {
  return Fetcher(launch, failure).Run(rows);
}

}  // namespace dispatch
