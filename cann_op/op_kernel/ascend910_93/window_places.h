// SPDX-License-Identifier: Apache-2.0
// The addresses of a launch: places in the windows and status areas, in the half that it uses.
#pragma once

#include "hccl_group.h"
#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "status_places.h"

namespace combine_kernel {

class WindowPlaces {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    ep_.Init(AscendC::GetHcclContext<0>());
    if (tiling.tp_world_size > 1) tp_.Init(AscendC::GetHcclContext<1>());
    pipe->InitBuffer(state_, kBlockBytes);
    OpenHalf();
  }

  // `rank` as the communicator numbers it.
  __aicore__ inline GM_ADDR Row(uint32_t rank, uint32_t slot) const {
    return Half(rank) + static_cast<uint64_t>(slot) * tiling_->row_stride;
  }
  __aicore__ inline GM_ADDR ArrivalFlag(uint32_t rank, uint32_t slot) const {
    return HalfStatus(ep_.Status(rank)) + kArrivalFlags + static_cast<uint64_t>(slot) * kFlagBytes;
  }
  // Of the place in the expert's rank where V1's owners say whose each row is: entries of 4 bytes.
  __aicore__ inline GM_ADDR Position(uint32_t rank, uint32_t block, uint32_t position) const {
    const uint64_t entry = static_cast<uint64_t>(block) * tiling_->max_bs + position;
    return Half(rank) + tiling_->position_offset + entry * sizeof(uint32_t);
  }
  __aicore__ inline GM_ADDR PositionFlag(uint32_t rank, uint32_t source) const {
    return HalfStatus(ep_.Status(rank)) + kPositionFlags +
           static_cast<uint64_t>(source) * kFlagBytes;
  }
  // What core `reader` gets from the core with part `part` of the same token; only on this rank.
  __aicore__ inline GM_ADDR PartMessage(uint32_t round, uint32_t reader, uint32_t part) const {
    return HalfStatus(ep_.OwnStatus()) + kPartMessages + round * kPartRoundStride +
           (reader * kMostParts + part) * kFlagBytes;
  }
  __aicore__ inline GM_ADDR PairRow(uint32_t tp_rank, uint32_t row) const {
    return tp_.Window(tp_rank) + half_ * (tiling_->tp_window_bytes / 2) +
           static_cast<uint64_t>(row) * tiling_->row_stride;
  }
  __aicore__ inline GM_ADDR PairFlag(uint32_t tp_rank, uint32_t core) const {
    return HalfStatus(tp_.Status(tp_rank)) + kArrivalFlags + core * kPairFlagStride;
  }
  __aicore__ inline uint32_t self() const { return ep_.self(); }

 private:
  // The half of this launch; the next launch takes the other. Each core keeps a word of its own, so
  // that none has to wait for another.
  __aicore__ inline void OpenHalf() {
    AscendC::GlobalTensor<uint32_t> word;
    word.SetGlobalBuffer(reinterpret_cast<__gm__ uint32_t*>(
        ep_.OwnStatus() + kStateWords + AscendC::GetBlockIdx() * kStateWordStride));
    AscendC::LocalTensor<uint32_t> state = state_.Get<uint32_t>();
    AscendC::DataCopy(state, word, kBlockBytes / sizeof(uint32_t));
    Order<AscendC::HardEvent::MTE2_S>();
    half_ = state.GetValue(0) == 0 ? 0 : 1;
    state.SetValue(0, 1 - half_);
    Order<AscendC::HardEvent::S_MTE3>();
    AscendC::DataCopy(word, state, kBlockBytes / sizeof(uint32_t));
  }
  __aicore__ inline GM_ADDR Half(uint32_t rank) const {
    return ep_.Window(rank) + half_ * (tiling_->window_bytes / 2);
  }
  __aicore__ inline GM_ADDR HalfStatus(GM_ADDR status) const {
    return status + half_ * kHalfStatus;
  }

  const op_plan::CombineTiling* tiling_;
  HcclGroup ep_;
  HcclGroup tp_;
  AscendC::TBuf<> state_;
  uint32_t half_;
};

}  // namespace combine_kernel
