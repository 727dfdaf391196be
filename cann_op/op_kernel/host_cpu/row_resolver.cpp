// SPDX-License-Identifier: Apache-2.0
#include <cinttypes>
#include <cstdio>

#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_kernel/host_cpu/strided_view.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;

class Resolver {
 public:
  Resolver(const Launch& launch, HostFailure* failure)
      : launch_(launch), ep_(launch.plan.ep), failure_(failure) {}

  bool Run() {
    for (uint32_t token = 0; token < ep_.bs; ++token) {
      for (uint32_t copy = 0; copy < ep_.CopiesPerToken(); ++copy) {
        const uint32_t slot = token * ep_.CopiesPerToken() + copy;
        const Arrival arrival = *ArrivalOf(launch_, ep_.ep_rank_id, slot);
        if (arrival.epoch != launch_.kernel.epoch) return FailMissing(token, copy);
        if (arrival.place == kInSlot) {
          launch_.rows[slot] = RowSlotOf(launch_, ep_.ep_rank_id, slot);
        } else if (!Borrow(arrival, &launch_.rows[slot])) {
          return false;
        }
      }
    }
    return true;
  }

 private:
  bool Borrow(const Arrival& arrival, const uint16_t** row) {
    if (arrival.rank != rank_) {
      rank_ = arrival.rank;
      if (rank_ >= ep_.ep_world_size || HostCollectivePeerHeap(launch_.kernel.collective, rank_,
                                                               &base_, &bytes_, failure_) != 0) {
        return false;
      }
    }
    const uint64_t row_bytes = ep_.h * sizeof(uint16_t);
    if (arrival.place > bytes_ || bytes_ - arrival.place < row_bytes || arrival.place % 2 != 0) {
      std::snprintf(failure_->text, HostFailure::kTextBytes,
                    "rank %u says that a row lies at byte %" PRIu64 " of its %" PRIu64, rank_,
                    arrival.place, bytes_);
      return false;
    }
    *row = reinterpret_cast<const uint16_t*>(base_ + arrival.place);
    return true;
  }

  bool FailMissing(uint32_t token, uint32_t copy) {
    const bool shared = copy >= ep_.k;
    const StridedView<const int32_t> ids(launch_.tensors[op_plan::kExpertIds]);
    const uint32_t expert = shared ? copy - ep_.k : static_cast<uint32_t>(ids(token, copy));
    std::snprintf(
        failure_->text, HostFailure::kTextBytes,
        "token %u, k %u: %s %u on rank %u sent no row back; its expand_idx and "
        "ep_send_counts are not those of this dispatch",
        token, copy, shared ? "shared expert" : "expert", expert,
        shared ? ep_.RankOfSharedExpert(expert, ep_.ep_rank_id) : ep_.RankOfExpert(expert));
    return false;
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  HostFailure* failure_;
  // The rank whose memory was looked at last.
  uint32_t rank_ = UINT32_MAX;
  const uint8_t* base_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace

bool ResolveRows(const Launch& launch, HostFailure* failure) {
  return Resolver(launch, failure).Run();
}

}  // namespace combine
