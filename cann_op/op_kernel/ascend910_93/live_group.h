// SPDX-License-Identifier: Apache-2.0
// The expert parallel group as it is now: elastic_info may have taken ranks away and numbered the
// rest anew. Routing data speaks of the new numbers, windows of the communicator's.
#pragma once

#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "tensors.h"

namespace combine_kernel {

class LiveGroup {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    world_size_ = tiling.ep_world_size;
    rank_ = tiling.ep_rank_id;
    shared_ranks_ = tiling.shared_expert_rank_num;
    experts_ = tiling.moe_expert_num;
    scaled_down_ = false;
    if (tiling.elastic != 0) ReadElasticInfo(tensors, pipe);
    experts_per_rank_ = experts_ / (world_size_ - shared_ranks_);
    local_experts_ = rank_ < shared_ranks_ ? 1 : experts_per_rank_;
  }

  // Another phase has all of UB anew: the tables go into it again.
  __aicore__ inline void Reload(const Tensors& tensors, AscendC::TPipe* pipe) {
    if (tiling_->elastic != 0) ReadElasticInfo(tensors, pipe);
  }

  __aicore__ inline uint32_t world_size() const { return world_size_; }
  __aicore__ inline uint32_t rank() const { return rank_; }
  __aicore__ inline uint32_t experts() const { return experts_; }
  __aicore__ inline uint32_t experts_per_rank() const { return experts_per_rank_; }
  // Blocks of rows in expand_x: one per local expert and source rank.
  __aicore__ inline uint32_t blocks() const { return local_experts_ * world_size_; }
  __aicore__ inline uint32_t RankOfExpert(uint32_t expert) const {
    return shared_ranks_ + expert / experts_per_rank_;
  }
  __aicore__ inline uint32_t RankOfSharedExpert(uint32_t shared) const {
    const uint32_t ranks_each = shared_ranks_ / tiling_->shared_expert_num;
    return shared * ranks_each + rank_ % ranks_each;
  }
  __aicore__ inline uint32_t OriginalRank(uint32_t rank) const {
    return scaled_down_
               ? static_cast<uint32_t>(words_.GetValue(kTables + tiling_->ep_world_size + rank))
               : rank;
  }

 private:
  // elastic_info: four words, then new numbers by old, then old numbers by new.
  enum Word : uint32_t { kScaledDown, kRanks, kSharedRanks, kExperts, kTables };

  __aicore__ inline void ReadElasticInfo(const Tensors& tensors, AscendC::TPipe* pipe) {
    const uint32_t count = kTables + 2 * tiling_->ep_world_size;
    pipe->InitBuffer(info_, RoundUp(count * sizeof(int32_t), kBlockBytes));
    words_ = info_.Get<int32_t>();
    Load(words_, At<int32_t>(tensors.elastic_info), count);
    Order<AscendC::HardEvent::MTE2_S>();
    scaled_down_ = words_.GetValue(kScaledDown) != 0;
    if (!scaled_down_) return;
    world_size_ = static_cast<uint32_t>(words_.GetValue(kRanks));
    shared_ranks_ = static_cast<uint32_t>(words_.GetValue(kSharedRanks));
    experts_ = static_cast<uint32_t>(words_.GetValue(kExperts));
    rank_ = static_cast<uint32_t>(words_.GetValue(kTables + tiling_->ep_rank_id));
  }

  const op_plan::CombineTiling* tiling_;
  AscendC::TBuf<> info_;
  AscendC::LocalTensor<int32_t> words_;
  uint32_t world_size_, rank_, shared_ranks_, experts_, experts_per_rank_, local_experts_;
  bool scaled_down_;
};

}  // namespace combine_kernel
