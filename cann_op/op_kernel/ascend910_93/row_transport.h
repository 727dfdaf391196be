// SPDX-License-Identifier: Apache-2.0
// How one row of expand_x goes into a row slot of another rank's window: as it is, summed over a TP
// pair, or as int8. Each has Init, which takes UB, and Send, which moves one row and tells how; the
// next row comes in while this one goes out.
#pragma once

#include "int8_block.h"
#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "tensors.h"
#include "window_places.h"

namespace combine_kernel {

using RowType = bfloat16_t;

// How a row came: in the form that all ranks have agreed on, or as bf16 although that is int8.
enum class Arrived : uint32_t { kAsAgreed, kSpeltOut };

// A row as int8: H bytes of codes, then a bf16 scale per block of 8 elements.
__aicore__ inline uint32_t PackedInt8Bytes(uint32_t h) { return h + h / kBlockFloats * 2; }

// As it is: nothing but copies.
class PlainRows {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              const WindowPlaces&, AscendC::TPipe* pipe) {
    h_ = tiling.h;
    rows_ = At<RowType>(tensors.expand_x);
    pipe->InitBuffer(queue_, tiling.send_rows, h_ * sizeof(RowType));
  }
  __aicore__ inline Arrived Send(uint32_t row, GmAddress target) {
    AscendC::LocalTensor<RowType> held = queue_.AllocTensor<RowType>();
    Load(held, rows_[static_cast<uint64_t>(row) * h_], h_);
    queue_.EnQue(held);
    held = queue_.DeQue<RowType>();
    AscendC::DataCopy(At<RowType>(target), held, h_);
    queue_.FreeTensor(held);
    return Arrived::kAsAgreed;
  }

 private:
  uint32_t h_;
  AscendC::GlobalTensor<RowType> rows_;
  AscendC::TQueBind<AscendC::TPosition::VECIN, AscendC::TPosition::VECOUT, 1> queue_;
};

// TP: bf16(f32(own) + f32(peer)), where the peer's row lies in this rank's window of group_tp.
class PairRows {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              const WindowPlaces& places, AscendC::TPipe* pipe) {
    h_ = tiling.h;
    tp_rank_ = tiling.tp_rank_id;
    places_ = &places;
    rows_ = At<RowType>(tensors.expand_x);
    pipe->InitBuffer(own_, 2, h_ * sizeof(RowType));
    pipe->InitBuffer(peer_, 2, h_ * sizeof(RowType));
    pipe->InitBuffer(sum_, 2, h_ * sizeof(RowType));
    pipe->InitBuffer(own_wide_, h_ * sizeof(float));
    pipe->InitBuffer(peer_wide_, h_ * sizeof(float));
  }
  __aicore__ inline Arrived Send(uint32_t row, GmAddress target) {
    AscendC::LocalTensor<RowType> own = own_.AllocTensor<RowType>();
    Load(own, rows_[static_cast<uint64_t>(row) * h_], h_);
    own_.EnQue(own);
    AscendC::LocalTensor<RowType> peer = peer_.AllocTensor<RowType>();
    AscendC::DataCopy(peer, At<RowType>(places_->PairRow(tp_rank_, row)), h_);
    peer_.EnQue(peer);

    const AscendC::LocalTensor<float> own_wide = own_wide_.Get<float>();
    const AscendC::LocalTensor<float> peer_wide = peer_wide_.Get<float>();
    own = own_.DeQue<RowType>();
    AscendC::Cast(own_wide, own, AscendC::RoundMode::CAST_NONE, h_);
    own_.FreeTensor(own);
    peer = peer_.DeQue<RowType>();
    AscendC::Cast(peer_wide, peer, AscendC::RoundMode::CAST_NONE, h_);
    peer_.FreeTensor(peer);
    VectorOrder();
    AscendC::Add(own_wide, own_wide, peer_wide, h_);
    VectorOrder();
    AscendC::LocalTensor<RowType> sum = sum_.AllocTensor<RowType>();
    AscendC::Cast(sum, own_wide, AscendC::RoundMode::CAST_RINT, h_);
    VectorOrder();
    sum_.EnQue(sum);
    sum = sum_.DeQue<RowType>();
    AscendC::DataCopy(At<RowType>(target), sum, h_);
    sum_.FreeTensor(sum);
    return Arrived::kAsAgreed;
  }

 private:
  uint32_t h_;
  uint32_t tp_rank_;
  const WindowPlaces* places_;
  AscendC::GlobalTensor<RowType> rows_;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> own_, peer_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> sum_;
  AscendC::TBuf<> own_wide_, peer_wide_;
};

// comm_quant_mode 2: as int8. A row that holds NaN or an infinity goes as bf16 numbers instead,
// which are what would become of it on the way: no code stands for those, and the receiver need not
// look.
class Int8Rows {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              const WindowPlaces&, AscendC::TPipe* pipe) {
    h_ = tiling.h;
    scales_ = h_ / kBlockFloats;
    repeats_ = RoundUp(h_, kRepeatFloats) / kRepeatFloats;
    rows_ = At<RowType>(tensors.expand_x);
    const uint32_t wide = repeats_ * kRepeatFloats;
    pipe->InitBuffer(in_, 2, h_ * sizeof(RowType));
    pipe->InitBuffer(out_, 2, h_ * sizeof(RowType));
    pipe->InitBuffer(value_buffer_, wide * sizeof(float));
    pipe->InitBuffer(scratch_buffer_, wide * sizeof(float));
    pipe->InitBuffer(largest_buffer_, ScaleFloats() * sizeof(float));
    pipe->InitBuffer(divisor_buffer_, kBlockBytes);
    pipe->InitBuffer(sums_buffer_, 2 * kRepeatFloats * sizeof(float));
    pipe->InitBuffer(sum_buffer_, kBlockBytes);
    value_ = value_buffer_.Get<float>();
    scratch_ = scratch_buffer_.Get<float>();
    largest_ = largest_buffer_.Get<float>();
    divisor_ = divisor_buffer_.Get<float>();
    sums_ = sums_buffer_.Get<float>();
    sum_ = sum_buffer_.Get<float>();
    // What lies behind H stays 0: whole repeats are reduced.
    AscendC::Duplicate(scratch_, 0.0f, static_cast<int32_t>(wide));
    AscendC::Duplicate(largest_, 0.0f, static_cast<int32_t>(ScaleFloats()));
    AscendC::Duplicate(sums_, 0.0f, static_cast<int32_t>(2 * kRepeatFloats));
    AscendC::Duplicate(divisor_, kMaxInt8, static_cast<int32_t>(kBlockFloats));
    VectorOrder();
  }
  __aicore__ inline Arrived Send(uint32_t row, GmAddress target) {
    AscendC::LocalTensor<RowType> in = in_.AllocTensor<RowType>();
    Load(in, rows_[static_cast<uint64_t>(row) * h_], h_);
    in_.EnQue(in);
    in = in_.DeQue<RowType>();
    AscendC::Cast(value_, in, AscendC::RoundMode::CAST_NONE, h_);
    VectorOrder();
    AscendC::Abs(scratch_, value_, static_cast<int32_t>(h_));
    VectorOrder();
    // The scalar pipe learns whether all of it is finite while the vector pipe goes on.
    SumScratch();
    const auto told =
        static_cast<AscendC::TEventID>(GetTPipePtr()->FetchEventID(AscendC::HardEvent::V_S));
    AscendC::SetFlag<AscendC::HardEvent::V_S>(told);
    AscendC::LocalTensor<int8_t> packed = out_.AllocTensor<int8_t>();
    Quantise(packed, packed[h_].template ReinterpretCast<RowType>());
    AscendC::WaitFlag<AscendC::HardEvent::V_S>(told);
    const float sum = sum_.GetValue(0);
    Order<AscendC::HardEvent::S_V>();
    const bool finite = sum - sum == 0.0f;
    if (!finite)
      SpellOut(in.template ReinterpretCast<uint16_t>(),
               packed.template ReinterpretCast<uint16_t>());
    in_.FreeTensor(in);
    out_.EnQue(packed);
    packed = out_.DeQue<int8_t>();
    Store(At<int8_t>(target), packed, finite ? PackedInt8Bytes(h_) : 2 * h_);
    out_.FreeTensor(packed);
    return finite ? Arrived::kAsAgreed : Arrived::kSpeltOut;
  }

 private:
  static constexpr float kMaxInt8 = 127.0f;
  static constexpr float kLeastScale = 0x1p-133f;  // of bf16: a block of zeros is not divided by 0

  __aicore__ inline uint32_t ScaleFloats() const { return RoundUp(scales_, kRepeatFloats); }

  // sum = all of scratch: NaN or infinite when any of it is, or when it is too large anyway.
  __aicore__ inline void SumScratch() {
    constexpr auto kRepeat = static_cast<int32_t>(kRepeatFloats);
    constexpr auto kBlocks = static_cast<int32_t>(kRepeatBlocks);
    AscendC::WholeReduceSum(sums_, scratch_, kRepeat, static_cast<int32_t>(repeats_), 1, 1,
                            kBlocks);
    VectorOrder();
    AscendC::Add(sums_, sums_, sums_[kRepeatFloats], kRepeat);
    VectorOrder();
    AscendC::WholeReduceSum(sum_, sums_, kRepeat, 1, 1, 1, kBlocks);
  }

  // scale = bf16(largest / 127), code = rint(value / scale), by true divisions: a product with the
  // reciprocal rounds differently.
  __aicore__ inline void Quantise(const AscendC::LocalTensor<int8_t>& codes,
                                  const AscendC::LocalTensor<RowType>& scales) {
    const auto none = AscendC::RoundMode::CAST_NONE;
    const auto rint = AscendC::RoundMode::CAST_RINT;
    AscendC::BlockReduceMax(largest_, scratch_, static_cast<int32_t>(repeats_),
                            static_cast<int32_t>(kRepeatFloats), 1, 1,
                            static_cast<int32_t>(kRepeatBlocks));
    VectorOrder();
    AscendC::Div(largest_, largest_, divisor_, kRepeatFloats,
                 static_cast<uint8_t>(ScaleFloats() / kRepeatFloats), {1, 1, 0, 8, 8, 0});
    VectorOrder();
    AscendC::Cast(scales, largest_, rint, scales_);
    VectorOrder();
    AscendC::Cast(largest_, scales, none, scales_);
    VectorOrder();
    AscendC::Maxs(largest_, largest_, kLeastScale, static_cast<int32_t>(scales_));
    VectorOrder();
    AscendC::Brcb(scratch_, largest_, static_cast<uint8_t>(repeats_), {1, kRepeatBlocks});
    VectorOrder();
    AscendC::Div(value_, value_, scratch_, static_cast<int32_t>(h_));
    VectorOrder();
    // To whole numbers first: float32 to half and on to int8 would round twice.
    const auto whole = scratch_.template ReinterpretCast<int16_t>();
    AscendC::Cast(whole, value_, rint, h_);
    VectorOrder();
    const auto half_codes = value_.template ReinterpretCast<half>();
    AscendC::Cast(half_codes, whole, none, h_);
    VectorOrder();
    AscendC::Maxs(half_codes, half_codes, static_cast<half>(-kMaxInt8), static_cast<int32_t>(h_));
    VectorOrder();
    AscendC::Cast(codes, half_codes, none, h_);
    VectorOrder();
  }

  // Such a row is none that a model works with: it may take its time.
  __aicore__ inline void SpellOut(const AscendC::LocalTensor<uint16_t>& in,
                                  const AscendC::LocalTensor<uint16_t>& out) {
    Order<AscendC::HardEvent::V_S>();
    for (uint32_t block = 0; block < scales_; ++block) {
      uint16_t bits[kBlockFloats];
      for (uint32_t i = 0; i < kBlockFloats; ++i) bits[i] = in.GetValue(block * kBlockFloats + i);
      ThroughInt8(bits);
      for (uint32_t i = 0; i < kBlockFloats; ++i) out.SetValue(block * kBlockFloats + i, bits[i]);
    }
    Order<AscendC::HardEvent::S_MTE2>();
    Order<AscendC::HardEvent::S_MTE3>();
  }

  uint32_t h_, scales_, repeats_;
  AscendC::GlobalTensor<RowType> rows_;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> in_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_;
  AscendC::TBuf<> value_buffer_, scratch_buffer_, largest_buffer_, divisor_buffer_, sums_buffer_;
  AscendC::TBuf<> sum_buffer_;
  AscendC::LocalTensor<float> value_, scratch_, largest_, divisor_, sums_, sum_;
};

}  // namespace combine_kernel
