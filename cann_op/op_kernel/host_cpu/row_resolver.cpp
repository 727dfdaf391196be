// SPDX-License-Identifier: Apache-2.0
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_kernel/host_cpu/routing_check.h"
#include "op_kernel/host_cpu/strided_view.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;

class Resolver {
 public:
  Resolver(const Launch& launch, HostFailure* failure)
      : launch_(launch),
        ep_(launch.ep),
        positions_(launch.tensors[op_plan::kExpandIdx]),
        earlier_(ep_.moe_expert_num + ep_.shared_expert_num),
        failure_(failure) {}

  bool Run() {
    for (uint32_t token = 0; token < ep_.bs; ++token) {
      if (!launch_.choices.TokenActive(token)) continue;
      for (uint32_t copy = 0; copy < ep_.CopiesPerToken(); ++copy) {
        if (copy < ep_.k && !launch_.choices.Routed(token, copy)) continue;
        const WantedRow row =
            Want(ep_, token, copy, copy < ep_.k ? launch_.choices.Expert(token, copy) : 0);
        const uint8_t** place = &launch_.rows[token * ep_.CopiesPerToken() + copy];
        if (!(HasTriples() ? FindBySlot(row, place) : FindByPosition(row, place))) return false;
      }
    }
    return true;
  }

 private:
  bool HasTriples() const { return launch_.plan.row_origin == op_plan::RowOrigin::kTriples; }

  bool FindBySlot(const WantedRow& row, const uint8_t** place) {
    const uint32_t slot = row.token * ep_.CopiesPerToken() + row.copy;
    const Arrival arrival = *ArrivalOf(launch_, ep_.ep_rank_id, slot);
    if (arrival.epoch != launch_.kernel.epoch) return FailMissing(row);
    if (arrival.place == kInWindow) {
      *place = RowSlotOf(launch_, ep_.ep_rank_id, slot);
      return true;
    }
    return Borrow(arrival.rank, arrival.place, place);
  }

  bool FindByPosition(const WantedRow& row, const uint8_t** place) {
    const uint32_t index = row.shared ? ep_.moe_expert_num + row.expert : row.expert;
    const BlockArrival block = *BlockArrivalOf(launch_, ep_.ep_rank_id, index);
    const uint32_t position = earlier_[index]++;
    if (block.epoch != launch_.kernel.epoch || position >= block.count) return FailMissing(row);
    if (!row.shared) {
      const uint32_t index = row.token * ep_.k + row.copy;
      if (!CheckPosition(index, positions_(index), position, row.expert, failure_)) return false;
    }
    const uint64_t offset = block.place + position * block.row_bytes;
    if (!block.in_window) return Borrow(row.rank, offset, place);
    if (offset > launch_.kernel.half_bytes ||
        launch_.kernel.half_bytes - offset < launch_.layout.row_stride) {
      return FailPlace(row.rank, offset, launch_.kernel.half_bytes);
    }
    *place = launch_.kernel.Window(row.rank) + offset;
    return true;
  }

  bool Borrow(uint32_t rank, uint64_t offset, const uint8_t** place) {
    if (rank != rank_) {
      if (rank >= ep_.ep_world_size ||
          HostCollectivePeerHeap(launch_.kernel.collective, launch_.kernel.ranks[rank], &base_,
                                 &bytes_, failure_) != ACL_SUCCESS) {
        return false;
      }
      rank_ = rank;
    }
    const uint64_t row_bytes = ep_.h * sizeof(uint16_t);
    if (offset > bytes_ || bytes_ - offset < row_bytes || offset % sizeof(uint16_t) != 0) {
      return FailPlace(rank, offset, bytes_);
    }
    *place = base_ + offset;
    return true;
  }

  bool FailPlace(uint32_t rank, uint64_t offset, uint64_t bytes) {
    std::snprintf(failure_->text, HostFailure::kTextBytes,
                  "rank %u says that a row lies at byte %" PRIu64 " of its %" PRIu64, rank, offset,
                  bytes);
    return false;
  }

  bool FailMissing(const WantedRow& row) {
    SayMissing(row, failure_);
    return false;
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  const StridedView<const int32_t> positions_;
  std::vector<uint32_t> earlier_;  // rows found so far, by expert, shared experts last
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
