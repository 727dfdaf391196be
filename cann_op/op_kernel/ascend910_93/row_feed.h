// SPDX-License-Identifier: Apache-2.0
// Rows for the vector pipe: waits for the flags of a token's rows, and lets the rows come in, in
// the order in which they are added, as many ahead as UB holds. With the next token's, where they
// have arrived, so that copies go on while the scalar pipe waits for the norm of the token before.
#pragma once

#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "row_transport.h"
#include "tensors.h"
#include "token_share.h"
#include "window_places.h"

namespace combine_kernel {

// What a token's choice of an expert adds.
enum class Choice : uint32_t { kMasked, kArrived, kZero, kCopy, kConst };

class RowFeed {
 public:
  // Experts from `experts` on have no row on any rank.
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              const WindowPlaces& places, TokenShare* share, uint32_t experts,
                              AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    tensors_ = &tensors;
    places_ = &places;
    share_ = share;
    experts_ = experts;
    copies_ = tiling.k + tiling.shared_expert_num;
    pipe->InitBuffer(flags_buffer_, copies_ * kFlagBytes);
    pipe->InitBuffer(zero_flags_buffer_, copies_ * kFlagBytes);
    flags_ = flags_buffer_.Get<float>();
    zero_flags_ = zero_flags_buffer_.Get<float>();
    AscendC::Duplicate(zero_flags_, 0.0f, static_cast<int32_t>(copies_ * kFlagFloats));
    Order<AscendC::HardEvent::V_MTE3>();
    next_ = end_ = 0;
    held_ = false;
  }
  // Of the columns that this core has; the first ones are the widest.
  __aicore__ inline void TakeBuffers(uint32_t width, AscendC::TPipe* pipe) {
    pipe->InitBuffer(rows_, tiling_->row_buffers, width * sizeof(RowType));
  }
  __aicore__ inline void SetColumns(uint32_t column, uint32_t width) {
    column_ = column;
    width_ = width;
  }

  __aicore__ inline void Start(uint32_t token) {
    while (!TryStart(token)) {
    }
  }
  // Looks once for the rows of a token, and lets them come when all have arrived.
  __aicore__ inline bool TryStart(uint32_t token) {
    share_->Fetch(token);
    Order<AscendC::HardEvent::S_MTE2>();
    AscendC::DataCopy(flags_, Flags(token), copies_ * kFlagFloats);
    Order<AscendC::HardEvent::MTE2_S>();
    if (!AllArrived(token)) return false;
    token_ = token;
    next_ = 0;
    end_ = copies_ + tiling_->shared_x + 1;
    Advance();
    return true;
  }

  // All flags of a token lie side by side, and are cleared at once for the launch after the next.
  __aicore__ inline void ClearFlags(uint32_t token) {
    AscendC::DataCopy(Flags(token), zero_flags_, copies_ * kFlagFloats);
  }

  // Of the token that was started, until another one is.
  __aicore__ inline Choice ChoiceOf(uint32_t k) const { return ChoiceOf(token_, k); }
  // A row that arrived as codes and scales.
  __aicore__ inline bool IsInt8(uint32_t copy) const {
    return tiling_->int8_rows != 0 && flags_.GetValue(copy * kFlagFloats) == kAsAgreedFlag;
  }

  // The next row of the token, in UB; to be given back by Free.
  template <typename T = RowType>
  __aicore__ inline AscendC::LocalTensor<T> Next() {
    Advance();
    return rows_.DeQue<T>();
  }
  template <typename T>
  __aicore__ inline void Free(AscendC::LocalTensor<T>& row) {
    rows_.FreeTensor(row);
    --taken_;
  }
  // A row of something else, while no row of the token is on its way: before the first, and where
  // the row of a const expert has been taken, until Resume.
  __aicore__ inline AscendC::LocalTensor<RowType> Fetch(const AscendC::GlobalTensor<RowType>& from,
                                                        uint32_t count) {
    AscendC::LocalTensor<RowType> row = Take<RowType>();
    Load(row, from, count);
    rows_.EnQue(row);
    return rows_.DeQue<RowType>();
  }
  __aicore__ inline void Resume() { held_ = false; }

 private:
  __aicore__ inline AscendC::GlobalTensor<float> Flags(uint32_t token) const {
    return At<float>(places_->ArrivalFlag(places_->self(), token * copies_));
  }
  __aicore__ inline bool AllArrived(uint32_t token) const {
    for (uint32_t copy = 0; copy < copies_; ++copy) {
      const bool arrives = copy >= tiling_->k || ChoiceOf(token, copy) == Choice::kArrived;
      if (arrives && flags_.GetValue(copy * kFlagFloats) == 0.0f) return false;
    }
    return true;
  }

  // Special experts: zero, then copy, then const ones.
  __aicore__ inline Choice ChoiceOf(uint32_t token, uint32_t k) const {
    if (!share_->Active(token, k)) return Choice::kMasked;
    const uint32_t expert = share_->Expert(token, k);
    if (expert < experts_) return Choice::kArrived;
    if (expert < tiling_->first_special_expert + tiling_->zero_expert_num) return Choice::kZero;
    return expert < tiling_->first_const_expert ? Choice::kCopy : Choice::kConst;
  }

  // Lets rows come as long as there are buffers. Order: k = 0 .. K-1, shared experts,
  // shared_expert_x, residual_x.
  __aicore__ inline void Advance() {
    while (next_ < end_ && !held_ && taken_ < tiling_->row_buffers) {
      const uint32_t row = next_++;
      if (row + 1 == end_) {
        TakeTensorRow(tensors_->residual_x);
      } else if (row == copies_) {
        TakeTensorRow(tensors_->shared_expert_x);
      } else if (row >= tiling_->k) {
        TakeArrived(row);
      } else {
        const Choice choice = ChoiceOf(row);
        if (choice == Choice::kArrived) TakeArrived(row);
        if (choice == Choice::kCopy || choice == Choice::kConst) TakeTensorRow(tensors_->ori_x);
        held_ = choice == Choice::kConst;
      }
    }
  }
  template <typename T>
  __aicore__ inline AscendC::LocalTensor<T> Take() {
    ++taken_;
    return rows_.AllocTensor<T>();
  }
  __aicore__ inline void TakeTensorRow(GmAddress tensor) {
    const uint64_t begin = static_cast<uint64_t>(token_) * tiling_->h + column_;
    AscendC::LocalTensor<RowType> row = Take<RowType>();
    Load(row, At<RowType>(tensor)[begin], width_);
    rows_.EnQue(row);
  }
  __aicore__ inline void TakeArrived(uint32_t copy) {
    const GmAddress slot = places_->Row(places_->self(), token_ * copies_ + copy);
    if (IsInt8(copy)) {
      TakeInt8(At<int8_t>(slot));
      return;
    }
    AscendC::LocalTensor<RowType> row = Take<RowType>();
    Load(row, At<RowType>(slot)[column_], width_);
    rows_.EnQue(row);
  }
  // The codes of the columns, then their scales, which follow the codes of all columns in the slot.
  __aicore__ inline void TakeInt8(const AscendC::GlobalTensor<int8_t>& slot) {
    const uint32_t h = tiling_->h;
    AscendC::LocalTensor<int8_t> packed = Take<int8_t>();
    if (width_ == h) {
      Load(packed, slot, PackedInt8Bytes(h));
    } else {
      Load(packed, slot[column_], width_);
      Load(packed[width_], slot[PackedInt8Bytes(column_) - column_ + h],
           PackedInt8Bytes(width_) - width_);
    }
    rows_.EnQue(packed);
  }

  const op_plan::CombineTiling* tiling_;
  const Tensors* tensors_;
  const WindowPlaces* places_;
  TokenShare* share_;
  AscendC::TQue<AscendC::TPosition::VECIN, op_plan::kMaxRowBuffers> rows_;
  AscendC::TBuf<> flags_buffer_, zero_flags_buffer_;
  AscendC::LocalTensor<float> flags_, zero_flags_;
  uint32_t experts_, copies_;
  uint32_t column_, width_;
  uint32_t token_;
  uint32_t next_, end_;  // of the token's rows, those that have not been let in
  uint32_t taken_ = 0;   // buffers
  bool held_;            // behind a const expert, whose other rows come first
};

}  // namespace combine_kernel
