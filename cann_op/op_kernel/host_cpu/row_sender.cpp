// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_kernel/host_cpu/strided_view.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;

class Sender {
 public:
  Sender(const Launch& launch, HostFailure* failure)
      : launch_(launch),
        ep_(launch.plan.ep),
        self_(ep_.ep_rank_id),
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
  // ep_send_counts are running totals, so that block b holds rows [counts(b - 1), counts(b)).
  bool CheckCounts() {
    const uint32_t blocks = ep_.LocalExpertNum(self_) * ep_.ep_world_size;
    const int64_t rows_max = launch_.tensors[op_plan::kExpandX].dims[0];
    const int64_t triples_max = launch_.tensors[op_plan::kExpandIdx].dims[0] / 3;
    int64_t before = 0;
    for (uint32_t block = 0; block < blocks; ++block) {
      const int64_t rows = counts_(block);
      if (rows < before || rows > rows_max || rows > triples_max) {
        return Fail("ep_send_counts[%u] = %" PRId64 " must be in [%" PRId64 ", %" PRId64
                    "]: running totals of the rows in expand_x",
                    block, rows, before, rows_max < triples_max ? rows_max : triples_max);
      }
      if (rows - before > ep_.max_bs) {
        return Fail("ep_send_counts[%u] = %" PRId64 " after %" PRId64 " gives rank %u %" PRId64
                    " rows of one expert, more than its BS of at most %u",
                    block, rows, before, block % ep_.ep_world_size, rows - before, ep_.max_bs);
      }
      before = rows;
    }
    return true;
  }

  // Rows of one local expert that came from one rank.
  void SendBlock(uint32_t block) {
    const uint32_t owner = block % ep_.ep_world_size;
    const int64_t end = counts_(block);
    for (int64_t row = block == 0 ? 0 : counts_(block - 1); row < end; ++row) {
      if (failed_.load(std::memory_order_relaxed) || !SendRow(row, owner)) return;
    }
  }

  bool SendRow(int64_t row, uint32_t owner) {
    const int64_t source = triples_(3 * row);
    const int64_t token = triples_(3 * row + 1);
    const int64_t copy = triples_(3 * row + 2);
    const bool shared = ep_.IsSharedRank(self_);
    const int64_t copy_low = shared ? ep_.k + self_ / ep_.RanksPerSharedExpert() : 0;
    const int64_t copy_high = shared ? copy_low : ep_.k - 1;
    if (source != owner || token < 0 || token >= ep_.max_bs || copy < copy_low ||
        copy > copy_high) {
      return Fail(
          "expand_idx: row %" PRId64 " says (rank, token, k) = (%" PRId64 ", %" PRId64 ", %" PRId64
          "), want rank %u (by ep_send_counts), token in [0, %u), k in [%" PRId64 ", %" PRId64 "]",
          row, source, token, copy, owner, ep_.max_bs, copy_low, copy_high);
    }
    const uint32_t slot = static_cast<uint32_t>(token * ep_.CopiesPerToken() + copy);
    Arrival* arrival = ArrivalOf(launch_, owner, slot);
    if (__atomic_exchange_n(&arrival->epoch, launch_.kernel.epoch, __ATOMIC_RELAXED) ==
        launch_.kernel.epoch) {
      return Fail("expand_idx: row %" PRId64 " claims token %" PRId64 ", k %" PRId64
                  " of rank %u, which another row has claimed",
                  row, token, copy, owner);
    }
    // Relaxed: the publication that follows makes row and arrival visible.
    __atomic_store_n(&arrival->rank, self_, __ATOMIC_RELAXED);
    __atomic_store_n(&arrival->place, lent_ ? PlaceOf(row) : kInSlot, __ATOMIC_RELAXED);
    if (lent_) return true;
    uint16_t* target = RowSlotOf(launch_, owner, slot);
    const uint16_t* from = expand_x_.Row(row, ep_.h, target);
    if (from != target) std::memcpy(target, from, ep_.h * sizeof(uint16_t));
    return true;
  }

  // All of expand_x lies where peers can read it, each row in one piece.
  bool CanLend() {
    const auto* first = reinterpret_cast<const uint8_t*>(expand_x_.Row(0));
    return expand_x_.RowsAreContiguous() && HostGetDeviceHeap(&heap_) && first >= heap_.base &&
           first < heap_.base + heap_.bytes;
  }
  uint64_t PlaceOf(int64_t row) const {
    return static_cast<uint64_t>(reinterpret_cast<const uint8_t*>(expand_x_.Row(row)) - heap_.base);
  }

  template <typename... Values>
  bool Fail(const char* format, Values... values) {
    const std::lock_guard<std::mutex> lock(failure_mutex_);
    if (!failed_.exchange(true, std::memory_order_relaxed)) {
      std::snprintf(failure_->text, HostFailure::kTextBytes, format, values...);
    }
    return false;
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  const uint32_t self_;
  const StridedView<const uint16_t> expand_x_;
  const StridedView<const int32_t> triples_;
  const StridedView<const int32_t> counts_;
  HostDeviceHeap heap_ = {};
  bool lent_ = false;
  HostFailure* failure_;
  std::mutex failure_mutex_;
  std::atomic<bool> failed_{false};
};

}  // namespace

bool SendRows(const Launch& launch, bool* lent, HostFailure* failure) {
  return Sender(launch, failure).Run(lent);
}

}  // namespace combine
