// SPDX-License-Identifier: Apache-2.0
// expand_idx of dispatch V1 says for each choice how many earlier ones of this rank went to the
// same expert, so that only the owner of a token knows which row is its. Before any row can go,
// owners write the row slots they want into a table on the expert's rank, by block and position.
#pragma once

#include "live_group.h"
#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "tensors.h"
#include "token_share.h"
#include "window_places.h"

namespace combine_kernel {

class PositionExchange {
 public:
  __aicore__ inline void Run(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                             const WindowPlaces& places, const LiveGroup& group,
                             AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    tensors_ = &tensors;
    places_ = &places;
    group_ = &group;
    copies_ = tiling.k + tiling.shared_expert_num;
    share_.Init(tiling, tensors, pipe);
    pipe->InitBuffer(positions_buffer_, RoundUp(tiling.k * sizeof(int32_t), kBlockBytes));
    pipe->InitBuffer(slots_buffer_, copies_ * kBlockBytes);
    pipe->InitBuffer(flag_buffer_, kFlagBytes);
    positions_ = positions_buffer_.Get<int32_t>();
    slots_ = slots_buffer_.Get<int32_t>();
    flag_ = flag_buffer_.Get<int32_t>();
    for (uint32_t i = 0; i < share_.count(); ++i) {
      if (!share_.IsShared(i) || share_.part() == 0) WriteToken(i);
    }
    // The flag to a rank speaks for all cores of this one.
    AscendC::SyncAll<true>();
    SignalAll();
    WaitAll();
    AscendC::SyncAll<true>();
  }

 private:
  static constexpr uint32_t kWord = 1;

  __aicore__ inline void WriteToken(uint32_t i) {
    const uint32_t token = share_.Token(i);
    share_.Fetch(token);
    Order<AscendC::HardEvent::S_MTE2>();
    Load(positions_, At<int32_t>(tensors_->expand_idx)[static_cast<uint64_t>(token) * tiling_->k],
         tiling_->k);
    Order<AscendC::HardEvent::MTE2_S>();
    Order<AscendC::HardEvent::MTE3_S>();  // the slots of the token before have left
    for (uint32_t copy = 0; copy < copies_; ++copy) {
      slots_.SetValue(copy * kFlagFloats, static_cast<int32_t>(token * copies_ + copy));
    }
    Order<AscendC::HardEvent::S_MTE3>();
    for (uint32_t k = 0; k < tiling_->k; ++k) {
      const uint32_t expert = share_.Expert(token, k);
      if (!share_.Active(token, k) || expert >= group_->experts()) continue;
      Write(group_->RankOfExpert(expert), expert % group_->experts_per_rank(),
            static_cast<uint32_t>(positions_.GetValue(k)), k);
    }
    for (uint32_t shared = 0; shared < tiling_->shared_expert_num; ++shared) {
      Write(group_->RankOfSharedExpert(shared), 0, share_.ActiveIndex(i), tiling_->k + shared);
    }
  }
  __aicore__ inline void Write(uint32_t rank, uint32_t local_expert, uint32_t position,
                               uint32_t copy) {
    if (rank >= group_->world_size() || position >= tiling_->max_bs) return;
    const uint32_t block = local_expert * group_->world_size() + group_->rank();
    Store(At<int32_t>(places_->Position(group_->OriginalRank(rank), block, position)),
          slots_[copy * kFlagFloats], kWord);
  }

  // Ranks are dealt out to the cores.
  __aicore__ inline void SignalAll() {
    SetFlagBlock(kSignalled);
    for (uint32_t rank = AscendC::GetBlockIdx(); rank < group_->world_size();
         rank += tiling_->cores) {
      WriteFlag(places_->PositionFlag(group_->OriginalRank(rank), group_->rank()));
    }
    Order<AscendC::HardEvent::MTE3_S>();
  }
  __aicore__ inline void WaitAll() {
    for (uint32_t rank = AscendC::GetBlockIdx(); rank < group_->world_size();
         rank += tiling_->cores) {
      const GmAddress flag = places_->PositionFlag(places_->self(), rank);
      do {
        Order<AscendC::HardEvent::S_MTE2>();
        AscendC::DataCopy(flag_, At<int32_t>(flag), kFlagBytes / sizeof(int32_t));
        Order<AscendC::HardEvent::MTE2_S>();
      } while (flag_.GetValue(0) != kSignalled);
      SetFlagBlock(0);
      WriteFlag(flag);
      Order<AscendC::HardEvent::MTE3_S>();
    }
  }
  __aicore__ inline void SetFlagBlock(int32_t value) {
    for (uint32_t i = 0; i < kFlagBytes / sizeof(int32_t); ++i) flag_.SetValue(i, value);
    Order<AscendC::HardEvent::S_MTE3>();
  }
  __aicore__ inline void WriteFlag(GmAddress flag) {
    AscendC::DataCopy(At<int32_t>(flag), flag_, kFlagBytes / sizeof(int32_t));
  }

  static constexpr int32_t kSignalled = 1;

  const op_plan::CombineTiling* tiling_;
  const Tensors* tensors_;
  const WindowPlaces* places_;
  const LiveGroup* group_;
  TokenShare share_;
  AscendC::TBuf<> positions_buffer_, slots_buffer_, flag_buffer_;
  AscendC::LocalTensor<int32_t> positions_, slots_, flag_;
  uint32_t copies_;
};

}  // namespace combine_kernel
