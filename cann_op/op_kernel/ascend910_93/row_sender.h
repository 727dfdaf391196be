// SPDX-License-Identifier: Apache-2.0
// The first phase: every row of expand_x goes into the window of the rank whose token it is,
// followed by its flag. Rows are spread over the cores evenly, whatever tokens the cores will add
// up.
#pragma once

#include "live_group.h"
#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "row_transport.h"
#include "tensors.h"
#include "window_places.h"

namespace combine_kernel {

constexpr uint32_t kTripleBatch = 256;  // rows whose triples are in UB at once
constexpr uint32_t kCountBatch = 256;   // running totals that are in UB at once
constexpr uint32_t kTriple = 3;         // words: source rank, token, copy

template <typename Transport>
class RowSender {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              const WindowPlaces& places, const LiveGroup& group, uint32_t rows,
                              AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    tensors_ = &tensors;
    places_ = &places;
    group_ = &group;
    copies_ = tiling.k + tiling.shared_expert_num;
    share_ = ShareOf(rows, AscendC::GetBlockIdx(), tiling.cores);
    waiting_ = 0;
    if (share_.count == 0) return;
    transport_.Init(tiling, tensors, places, pipe);
    pipe->InitBuffer(routing_buffer_, kTripleBatch * kTriple * sizeof(int32_t));
    pipe->InitBuffer(counts_buffer_, kCountBatch * sizeof(int32_t));
    pipe->InitBuffer(arrived_buffer_, 2 * kFlagBytes);
    routing_ = routing_buffer_.Get<int32_t>();
    counts_ = counts_buffer_.Get<int32_t>();
    arrived_ = arrived_buffer_.Get<float>();
    AscendC::Duplicate(arrived_, kAsAgreedFlag, static_cast<int32_t>(kFlagFloats));
    AscendC::Duplicate(arrived_[kFlagFloats], kSpeltOutFlag, static_cast<int32_t>(kFlagFloats));
    Order<AscendC::HardEvent::V_MTE3>();
  }

  __aicore__ inline void Run() {
    if (share_.count == 0) return;
    if (tiling_->positions != 0) {
      SendByPosition();
    } else {
      SendByTriple();
    }
    RaiseFlags();
  }

 private:
  // Each rank starts elsewhere in its rows, so that they do not all write to the same rank at once.
  __aicore__ inline void SendByTriple() {
    for (uint32_t done = 0; done < share_.count; done += kTripleBatch) {
      const uint32_t left = share_.count - done;
      const uint32_t rows = left < kTripleBatch ? left : kTripleBatch;
      const uint32_t first = share_.begin + done;
      Order<AscendC::HardEvent::S_MTE2>();
      Load(routing_, At<int32_t>(tensors_->expand_idx)[static_cast<uint64_t>(first) * kTriple],
           rows * kTriple);
      Order<AscendC::HardEvent::MTE2_S>();
      const uint32_t start = group_->rank() * rows / group_->world_size();
      for (uint32_t i = 0; i < rows; ++i) {
        const uint32_t row = (start + i) % rows;
        const uint32_t owner = static_cast<uint32_t>(routing_.GetValue(row * kTriple));
        const uint32_t token = static_cast<uint32_t>(routing_.GetValue(row * kTriple + 1));
        const uint32_t copy = static_cast<uint32_t>(routing_.GetValue(row * kTriple + 2));
        if (owner >= group_->world_size() || token >= tiling_->max_bs || copy >= copies_) continue;
        Send(first + row, owner, token * copies_ + copy);
      }
    }
  }

  // ep_send_counts are running totals: block b, of one local expert and one source rank, holds the
  // rows up to counts[b]. Whose they are stands in the table that the sources have filled.
  __aicore__ inline void SendByPosition() {
    const uint32_t end = share_.begin + share_.count;
    uint32_t block_begin = 0;
    for (uint32_t base = 0; base < group_->blocks() && block_begin < end; base += kCountBatch) {
      const uint32_t left = group_->blocks() - base;
      const uint32_t blocks = left < kCountBatch ? left : kCountBatch;
      Order<AscendC::HardEvent::S_MTE2>();
      Load(counts_, At<int32_t>(tensors_->ep_send_counts)[base], blocks);
      Order<AscendC::HardEvent::MTE2_S>();
      for (uint32_t i = 0; i < blocks && block_begin < end; ++i) {
        const uint32_t block_end = static_cast<uint32_t>(counts_.GetValue(i));
        if (block_end > share_.begin)
          SendBlock(base + i, block_begin, block_end < end ? block_end : end);
        block_begin = block_end;
      }
    }
  }
  __aicore__ inline void SendBlock(uint32_t block, uint32_t block_begin, uint32_t end) {
    const uint32_t begin = block_begin > share_.begin ? block_begin : share_.begin;
    const uint32_t owner = block % group_->world_size();
    for (uint32_t first = begin; first < end; first += kTripleBatch) {
      const uint32_t rows = end - first < kTripleBatch ? end - first : kTripleBatch;
      Order<AscendC::HardEvent::S_MTE2>();
      Load(routing_, At<int32_t>(places_->Position(places_->self(), block, first - block_begin)),
           rows);
      Order<AscendC::HardEvent::MTE2_S>();
      for (uint32_t i = 0; i < rows; ++i) {
        const uint32_t slot = static_cast<uint32_t>(routing_.GetValue(i));
        if (slot < tiling_->max_bs * copies_) Send(first + i, owner, slot);
      }
    }
  }

  __aicore__ inline void Send(uint32_t row, uint32_t owner, uint32_t slot) {
    const uint32_t rank = group_->OriginalRank(owner);
    kinds_[waiting_] = transport_.Send(row, places_->Row(rank, slot));
    flags_[waiting_++] = places_->ArrivalFlag(rank, slot);
    if (waiting_ == tiling_->send_rows) RaiseFlags();
  }

  // A flag must not overtake its row. One barrier of the outgoing pipe serves several rows; what
  // comes in and what is computed goes on meanwhile.
  __aicore__ inline void RaiseFlags() {
    if (waiting_ == 0) return;
    AscendC::PipeBarrier<PIPE_MTE3>();
    for (uint32_t i = 0; i < waiting_; ++i) {
      const uint32_t value = kinds_[i] == Arrived::kSpeltOut ? kFlagFloats : 0;
      AscendC::DataCopy(At<float>(flags_[i]), arrived_[value], kFlagFloats);
    }
    waiting_ = 0;
  }

  const op_plan::CombineTiling* tiling_;
  const Tensors* tensors_;
  const WindowPlaces* places_;
  const LiveGroup* group_;
  Transport transport_;
  AscendC::TBuf<> routing_buffer_, counts_buffer_, arrived_buffer_;
  AscendC::LocalTensor<int32_t> routing_, counts_;
  AscendC::LocalTensor<float> arrived_;
  GmAddress flags_[op_plan::kMaxSendRows];
  Arrived kinds_[op_plan::kMaxSendRows];
  Share share_;
  uint32_t copies_;
  uint32_t waiting_;
};

}  // namespace combine_kernel
