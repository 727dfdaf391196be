// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <vector>

#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_kernel/host_cpu/lent_rows.h"
#include "op_kernel/host_cpu/routing_check.h"
#include "op_kernel/host_cpu/row_math.h"
#include "op_kernel/host_cpu/strided_view.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;
using op_plan::RowOrigin;

class Sender {
 public:
  Sender(const Launch& launch, const PairRows& pair, HostFailure* failure)
      : launch_(launch),
        ep_(launch.ep),
        self_(ep_.ep_rank_id),
        pair_(pair),
        math_(row_math::BestRowMath()),
        expand_x_(launch.tensors[op_plan::kExpandX]),
        triples_(launch.tensors[op_plan::kExpandIdx]),
        counts_(launch.tensors[op_plan::kEpSendCounts]),
        failure_(failure) {}

  bool Run(bool* lent) {
    *lent = lent_ = CanLend();
    if (!CheckCounts()) return false;
    const uint32_t blocks = ep_.LocalExpertNum(self_) * ep_.ep_world_size;
    HostParallelFor(
        blocks, launch_.cores,
        [](void* sender, uint32_t block) { static_cast<Sender*>(sender)->SendBlock(block); }, this);
    return !failed_.load(std::memory_order_relaxed);
  }

 private:
  bool HasTriples() const { return launch_.plan.row_origin == RowOrigin::kTriples; }

  // Rows travel as they are, all of expand_x lies where peers can read it, and each row is in one
  // piece.
  bool CanLend() {
    if (launch_.plan.int8_rows || pair_.first != nullptr || !expand_x_.RowsAreContiguous()) {
      return false;
    }
    return expand_x_.RowStride() >= 0 && FindPlace(expand_x_.Row(0), &first_place_);
  }
  uint64_t PlaceOf(int64_t row) const {
    return first_place_ + row * expand_x_.RowStride() * sizeof(uint16_t);
  }

  bool CheckCounts() {
    int64_t rows_max = launch_.tensors[op_plan::kExpandX].dims[0];
    if (HasTriples()) {
      rows_max = std::min(rows_max, launch_.tensors[op_plan::kExpandIdx].dims[0] / 3);
    } else {
      rows_max = std::min(rows_max, static_cast<int64_t>(launch_.layout.NeededHalfBytes() /
                                                         launch_.layout.row_stride));
    }
    return CheckSendCounts(ep_, counts_, rows_max, failure_);
  }

  // Rows of one local expert that came from one rank.
  void SendBlock(uint32_t block) {
    const uint32_t owner = block % ep_.ep_world_size;
    const int64_t begin = block == 0 ? 0 : counts_(block - 1);
    const int64_t end = counts_(block);
    std::vector<uint16_t> gathered;
    for (int64_t row = begin; row < end; ++row) {
      if (failed_.load(std::memory_order_relaxed)) return;
      if (HasTriples()) {
        uint32_t slot = 0;
        if (!Announce(row, owner, &slot)) return;
        if (!lent_) Put(row, RowSlotOf(launch_, owner, slot), &gathered);
      } else if (!lent_) {
        Put(row, launch_.kernel.Window(self_) + row * launch_.layout.row_stride, &gathered);
      }
    }
    if (!HasTriples()) AnnounceBlock(block, begin, end);
  }

  void Put(int64_t row, uint8_t* target, std::vector<uint16_t>* gathered) {
    auto* const bf16 = reinterpret_cast<uint16_t*>(target);
    if (!expand_x_.RowsAreContiguous()) gathered->resize(ep_.h);
    const uint16_t* const from = expand_x_.Row(row, ep_.h, gathered->data());
    if (launch_.plan.int8_rows) {
      math_.quantise_blocks(from, target, ep_.h);
    } else if (pair_.first != nullptr) {
      const auto* peer = reinterpret_cast<const uint16_t*>(pair_.first + row * pair_.row_bytes);
      math_.add_rows(from, peer, bf16, ep_.h);
    } else {
      std::memcpy(bf16, from, ep_.h * sizeof(uint16_t));
    }
  }

  // Checks a row's triple and tells the owner that the row comes.
  bool Announce(int64_t row, uint32_t owner, uint32_t* slot) {
    const RowSource source = {triples_(3 * row), triples_(3 * row + 1), triples_(3 * row + 2)};
    HostFailure reason;
    if (!CheckRowSource(ep_, row, source, owner, &reason)) return Fail(reason);
    *slot = static_cast<uint32_t>(source.token * ep_.CopiesPerToken() + source.copy);
    Arrival* arrival = ArrivalOf(launch_, owner, *slot);
    if (__atomic_exchange_n(&arrival->epoch, launch_.kernel.epoch, __ATOMIC_RELAXED) ==
        launch_.kernel.epoch) {
      SayClaimedTwice(row, source, &reason);
      return Fail(reason);
    }
    // Relaxed: the publication that follows makes row and arrival visible.
    __atomic_store_n(&arrival->rank, self_, __ATOMIC_RELAXED);
    __atomic_store_n(&arrival->place, lent_ ? PlaceOf(row) : kInWindow, __ATOMIC_RELAXED);
    return true;
  }

  void AnnounceBlock(uint32_t block, int64_t begin, int64_t end) {
    const uint32_t owner = block % ep_.ep_world_size;
    const uint32_t expert = ep_.IsSharedRank(self_)
                                ? ep_.moe_expert_num + self_ / ep_.RanksPerSharedExpert()
                                : (self_ - ep_.shared_expert_rank_num) * ep_.ExpertsPerMoeRank() +
                                      block / ep_.ep_world_size;
    // Of a shared expert each owner has one rank; the others have nothing for it.
    if (ep_.IsSharedRank(self_) &&
        ep_.RankOfSharedExpert(expert - ep_.moe_expert_num, owner) != self_) {
      return;
    }
    BlockArrival arrival = {};
    arrival.epoch = launch_.kernel.epoch;
    arrival.count = static_cast<uint32_t>(end - begin);
    arrival.in_window = lent_ ? 0 : 1;
    arrival.place = lent_ ? PlaceOf(begin) : begin * launch_.layout.row_stride;
    arrival.row_bytes =
        lent_ ? expand_x_.RowStride() * sizeof(uint16_t) : launch_.layout.row_stride;
    *BlockArrivalOf(launch_, owner, expert) = arrival;
  }

  bool Fail(const HostFailure& reason) {
    const std::lock_guard<std::mutex> lock(failure_mutex_);
    if (!failed_.exchange(true, std::memory_order_relaxed)) *failure_ = reason;
    return false;
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  const uint32_t self_;
  const PairRows& pair_;
  const row_math::RowMath& math_;
  const StridedView<const uint16_t> expand_x_;
  const StridedView<const int32_t> triples_;
  const StridedView<const int32_t> counts_;
  uint64_t first_place_ = 0;
  bool lent_ = false;
  HostFailure* failure_;
  std::mutex failure_mutex_;
  std::atomic<bool> failed_{false};
};

}  // namespace

bool SendRows(const Launch& launch, const PairRows& pair, bool* lent, HostFailure* failure) {
  return Sender(launch, pair, failure).Run(lent);
}

}  // namespace combine
