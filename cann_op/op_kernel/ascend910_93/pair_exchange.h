// SPDX-License-Identifier: Apache-2.0
// TP: each rank of a pair has computed rows of both. It writes the peer's, which stand behind its
// own in expand_x, into the peer's window of group_tp. Core c of one rank writes exactly the rows
// that core c of the other sums, so that a flag per core is all they need.
#pragma once

#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "row_transport.h"
#include "tensors.h"
#include "window_places.h"

namespace combine_kernel {

class PairExchange {
 public:
  // `own_rows`: of this rank.
  __aicore__ inline void Run(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                             const WindowPlaces& places, uint32_t own_rows, AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    places_ = &places;
    pipe->InitBuffer(queue_, tiling.send_rows, tiling.h * sizeof(RowType));
    pipe->InitBuffer(flag_buffer_, kFlagBytes);
    flag_ = flag_buffer_.Get<int32_t>();
    const uint32_t peer = 1 - tiling.tp_rank_id;
    Load(flag_, At<int32_t>(tensors.tp_send_counts)[peer], 1);
    Order<AscendC::HardEvent::MTE2_S>();
    const auto peer_rows = static_cast<uint32_t>(flag_.GetValue(0));
    Copy(At<RowType>(tensors.expand_x)[static_cast<uint64_t>(own_rows) * tiling.h], peer_rows,
         peer);
    Signal(peer);
    Wait();
  }

 private:
  __aicore__ inline void Copy(const AscendC::GlobalTensor<RowType>& rows, uint32_t count,
                              uint32_t peer) {
    const Share share = ShareOf(count, AscendC::GetBlockIdx(), tiling_->cores);
    for (uint32_t row = share.begin; row < share.begin + share.count; ++row) {
      AscendC::LocalTensor<RowType> held = queue_.AllocTensor<RowType>();
      Load(held, rows[static_cast<uint64_t>(row) * tiling_->h], tiling_->h);
      queue_.EnQue(held);
      held = queue_.DeQue<RowType>();
      AscendC::DataCopy(At<RowType>(places_->PairRow(peer, row)), held, tiling_->h);
      queue_.FreeTensor(held);
    }
  }

  __aicore__ inline void Signal(uint32_t peer) {
    Write(places_->PairFlag(peer, AscendC::GetBlockIdx()), kPairArrived);
  }

  __aicore__ inline void Wait() {
    const GmAddress flag = places_->PairFlag(tiling_->tp_rank_id, AscendC::GetBlockIdx());
    do {
      Order<AscendC::HardEvent::S_MTE2>();
      AscendC::DataCopy(flag_, At<int32_t>(flag), kFlagBytes / sizeof(int32_t));
      Order<AscendC::HardEvent::MTE2_S>();
    } while (flag_.GetValue(0) != kPairArrived);
    Write(flag, 0);
  }

  // After all that this core has written before.
  __aicore__ inline void Write(GmAddress flag, int32_t value) {
    for (uint32_t i = 0; i < kFlagBytes / sizeof(int32_t); ++i) flag_.SetValue(i, value);
    Order<AscendC::HardEvent::S_MTE3>();
    AscendC::PipeBarrier<PIPE_MTE3>();
    AscendC::DataCopy(At<int32_t>(flag), flag_, kFlagBytes / sizeof(int32_t));
    Order<AscendC::HardEvent::MTE3_S>();
  }

  const op_plan::CombineTiling* tiling_;
  const WindowPlaces* places_;
  AscendC::TQueBind<AscendC::TPosition::VECIN, AscendC::TPosition::VECOUT, 1> queue_;
  AscendC::TBuf<> flag_buffer_;
  AscendC::LocalTensor<int32_t> flag_;
};

}  // namespace combine_kernel
