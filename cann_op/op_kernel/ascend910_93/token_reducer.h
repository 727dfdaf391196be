// SPDX-License-Identifier: Apache-2.0
// The second phase: each token's rows are added up as they stand in this rank's window, then the
// residual, then the norm.
#pragma once

#include "op_plan/combine_tiling.h"
#include "part_exchange.h"
#include "pipe_order.h"
#include "row_feed.h"
#include "row_squares.h"
#include "rstd.h"
#include "tensors.h"
#include "token_share.h"
#include "window_places.h"

namespace combine_kernel {

class TokenReducer {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              const WindowPlaces& places, uint32_t experts, AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    tensors_ = &tensors;
    h_ = tiling.h;
    share_.Init(tiling, tensors, pipe);
    if (share_.count() == 0) return;
    // What is needed of a row by all of this core's tokens.
    shared_ = !share_.has_whole();
    feed_.Init(tiling, tensors, places, &share_, experts, pipe);
    SetColumns();
    feed_.SetColumns(column_, width_);
    first_column_ = column_;
    TakeBuffers(pipe);
    FillConstants();
    LoadGamma();
    norm_.Init(h_, tiling.root_h, tiling.norm_eps);
    squares_.Init(repeats_, pipe);
    if (share_.has_share()) exchange_.Init(places, share_, pipe);
    axpy_rounds_products_ = AxpyRoundsProducts();
  }

  __aicore__ inline void Run() {
    bool started = false;
    for (uint32_t i = 0; i < share_.count(); ++i) {
      if (share_.IsShared(i) != shared_) Narrow();
      const uint32_t token = share_.Token(i);
      if (!started) feed_.Start(token);
      if (!shared_) feed_.ClearFlags(token);
      SumRows(token);
      WriteX(token);
      started = StartNext(i + 1);
      WriteY(token, Normalise(token));
    }
  }

 private:
  // This core's part of the columns of the tokens to come: all, or of one that others have too.
  __aicore__ inline void SetColumns() {
    column_ = shared_ ? share_.column() : 0;
    width_ = shared_ ? share_.width() : h_;
    repeats_ = RoundUp(width_, kRepeatFloats) / kRepeatFloats;
  }
  // After whole tokens, a part of one. What is behind it in the last repeat must be 0 again.
  __aicore__ inline void Narrow() {
    shared_ = true;
    SetColumns();
    if (width_ % kRepeatFloats == 0) return;
    AscendC::Duplicate(sum_[width_], 0.0f, static_cast<int32_t>(repeats_ * kRepeatFloats - width_));
    VectorOrder();
  }

  // Lets the rows of the next token come where they have arrived.
  __aicore__ inline bool StartNext(uint32_t i) {
    if (i == share_.count()) return false;
    if (share_.IsShared(i)) feed_.SetColumns(share_.column(), share_.width());
    return feed_.TryStart(share_.Token(i));
  }

  __aicore__ inline bool NeedsScratch() const {
    return tiling_->int8_rows != 0 || tiling_->const_expert_num != 0;
  }

  __aicore__ inline void TakeBuffers(AscendC::TPipe* pipe) {
    const uint32_t row_bytes = width_ * sizeof(RowType);
    const uint32_t wide_bytes = repeats_ * kRepeatFloats * sizeof(float);
    feed_.TakeBuffers(width_, pipe);
    pipe->InitBuffer(outs_, tiling_->out_rows, row_bytes);
    pipe->InitBuffer(rstds_, 2, kBlockBytes);
    pipe->InitBuffer(sum_buffer_, wide_bytes);
    pipe->InitBuffer(term_buffer_, RowSquares::ScratchFloats(repeats_) * sizeof(float));
    pipe->InitBuffer(gamma_buffer_, tiling_->gamma_wide != 0 ? wide_bytes : row_bytes);
    if (NeedsScratch()) pipe->InitBuffer(scratch_buffer_, wide_bytes);
    if (tiling_->int8_rows != 0) {
      pipe->InitBuffer(scales_buffer_,
                       RoundUp(width_ / kBlockFloats, kRepeatFloats) * sizeof(float));
    }
    if (tiling_->const_expert_num != 0) pipe->InitBuffer(alpha_buffer_, 2 * kBlockBytes);
    sum_ = sum_buffer_.Get<float>();
    term_ = term_buffer_.Get<float>();
    if (NeedsScratch()) scratch_ = scratch_buffer_.Get<float>();
  }

  // What lies behind H in the sum stays 0: squares are summed by whole repeats.
  __aicore__ inline void FillConstants() {
    const auto wide = static_cast<int32_t>(repeats_ * kRepeatFloats);
    AscendC::Duplicate(sum_, 0.0f, wide);
    if (tiling_->int8_rows != 0) {
      AscendC::Duplicate(scales_buffer_.Get<float>(), 0.0f,
                         static_cast<int32_t>(RoundUp(width_ / kBlockFloats, kRepeatFloats)));
    }
    VectorOrder();
  }

  __aicore__ inline void LoadGamma() {
    AscendC::LocalTensor<RowType> row = feed_.Fetch(At<RowType>(tensors_->gamma)[column_], width_);
    if (tiling_->gamma_wide != 0) {
      AscendC::Cast(gamma_buffer_.Get<float>(), row, AscendC::RoundMode::CAST_NONE, width_);
    } else {
      AscendC::Adds(gamma_buffer_.Get<int16_t>(), row.template ReinterpretCast<int16_t>(),
                    static_cast<int16_t>(0), static_cast<int32_t>(width_));
    }
    VectorOrder();
    feed_.Free(row);
  }

  // In the order in which the feed gives the rows.
  __aicore__ inline void SumRows(uint32_t token) {
    first_ = true;
    for (uint32_t k = 0; k < tiling_->k; ++k) {
      switch (feed_.ChoiceOf(k)) {
        case Choice::kMasked:
          break;
        case Choice::kArrived:
          WidenArrived(k);
          AddWeighted(share_.Scale(token, k));
          break;
        case Choice::kZero:
          AddZeros(share_.Scale(token, k));
          break;
        case Choice::kConst:
          Widen();
          MakeConstTerm(share_.Expert(token, k) - tiling_->first_const_expert);
          AddWeighted(share_.Scale(token, k));
          break;
        case Choice::kCopy:
          Widen();
          AddWeighted(share_.Scale(token, k));
          break;
      }
    }
    for (uint32_t i = 0; i < tiling_->shared_expert_num; ++i) {
      WidenArrived(tiling_->k + i);
      AddTerm();
    }
    if (tiling_->shared_x != 0) {
      Widen();
      AddTerm();
    }
    Widen();  // residual_x
    AddTerm();
  }

  // term = the next row, as float32.
  __aicore__ inline void Widen() {
    AscendC::LocalTensor<RowType> row = feed_.Next();
    AscendC::Cast(term_, row, AscendC::RoundMode::CAST_NONE, width_);
    VectorOrder();
    feed_.Free(row);
  }
  __aicore__ inline void WidenArrived(uint32_t copy) {
    if (feed_.IsInt8(copy)) {
      WidenInt8();
    } else {
      Widen();
    }
  }
  __aicore__ inline void WidenInt8() {
    const auto none = AscendC::RoundMode::CAST_NONE;
    AscendC::LocalTensor<int8_t> packed = feed_.Next<int8_t>();
    const uint32_t scale_count = width_ / kBlockFloats;
    const AscendC::LocalTensor<float> scales = scales_buffer_.Get<float>();
    const auto codes = scratch_.template ReinterpretCast<half>();
    AscendC::Cast(codes, packed, none, width_);
    AscendC::Cast(scales, packed[width_].template ReinterpretCast<RowType>(), none, scale_count);
    VectorOrder();
    feed_.Free(packed);
    AscendC::Cast(term_, codes, none, width_);
    VectorOrder();
    AscendC::Brcb(scratch_, scales, static_cast<uint8_t>(repeats_), {1, kRepeatBlocks});
    VectorOrder();
    AscendC::Mul(term_, term_, scratch_, static_cast<int32_t>(width_));
    VectorOrder();
    const auto rounded = scratch_.template ReinterpretCast<RowType>();
    AscendC::Cast(rounded, term_, AscendC::RoundMode::CAST_RINT, width_);
    VectorOrder();
    AscendC::Cast(term_, rounded, none, width_);
    VectorOrder();
  }

  // sum = sum + term. Sums start at +0, which a first term of -0 leaves as +0.
  __aicore__ inline void AddTerm() {
    const auto count = static_cast<int32_t>(width_);
    if (first_) {
      AscendC::Adds(sum_, term_, 0.0f, count);
    } else {
      AscendC::Add(sum_, sum_, term_, count);
    }
    first_ = false;
    VectorOrder();
  }
  // sum = sum + weight * term, product and sum rounded separately.
  __aicore__ inline void AddWeighted(float weight) {
    const auto count = static_cast<int32_t>(width_);
    if (!first_ && axpy_rounds_products_) {
      AscendC::Axpy(sum_, term_, weight, count);
      VectorOrder();
      return;
    }
    AscendC::Muls(term_, term_, weight, count);
    VectorOrder();
    AddTerm();
  }
  // CANN's documents say that Axpy is no more precise than two calls, not that it gives the same.
  // So it is tried, on products that round down, up and from halfway, less what they round to, on
  // one that is infinite and on a subnormal one.
  __aicore__ inline bool AxpyRoundsProducts() {
    constexpr float kUnit = 1.0f / 8388608;
    constexpr float kFactor = 1.0f + 2048 * kUnit;
    constexpr float kDown = 1.0f + 1024 * kUnit, kUp = 1.0f + 3072 * kUnit;
    constexpr float kHalfwayDown = 1.0f + 2048 * kUnit, kHalfwayUp = 1.0f + 6144 * kUnit;
    const float largest = FloatOf(0x7F7FFFFF), smallest = FloatOf(3);
    TryAxpy(0, kDown, -1.0f - 3072 * kUnit);
    TryAxpy(1, kHalfwayDown, -1.0f - 4096 * kUnit);
    TryAxpy(2, kHalfwayUp, -1.0f - 8194 * kUnit);
    TryAxpy(3, kUp, -1.0f - 5121 * kUnit);
    TryAxpy(4, -kUp, 1.0f + 5121 * kUnit);
    TryAxpy(5, -kHalfwayUp, 1.0f + 8194 * kUnit);
    TryAxpy(6, largest, -largest);
    TryAxpy(7, smallest, 0.0f);
    Order<AscendC::HardEvent::S_V>();
    AscendC::Axpy(term_[kBlockFloats], term_, kFactor, static_cast<int32_t>(kBlockFloats));
    Order<AscendC::HardEvent::V_S>();
    bool rounds = true;
    for (uint32_t i = 0; i < 6; ++i) rounds = rounds && term_.GetValue(kBlockFloats + i) == 0.0f;
    rounds = rounds && term_.GetValue(kBlockFloats + 6) > largest &&
             term_.GetValue(kBlockFloats + 7) == smallest;
    Order<AscendC::HardEvent::S_V>();
    return rounds;
  }
  __aicore__ inline void TryAxpy(uint32_t i, float number, float sum) {
    term_.SetValue(i, number);
    term_.SetValue(kBlockFloats + i, sum);
  }

  // A zero expert adds 0 unless the weight is no number.
  __aicore__ inline void AddZeros(float weight) {
    if (weight * 0.0f == 0.0f) return;
    AscendC::Duplicate(term_, weight * 0.0f, static_cast<int32_t>(width_));
    VectorOrder();
    AddTerm();
  }

  // term = alpha1 * term + alpha2 * v.
  __aicore__ inline void MakeConstTerm(uint32_t index) {
    const uint32_t middle = width_ / 2;
    LoadAlphas(index);
    Scale(term_, tensors_->const_expert_alpha_1, 0, index, 0, width_);
    // Both halves of scratch: v, and a factor per element.
    AddScaledV(index, 0, middle);
    AddScaledV(index, middle, width_ - middle);
    feed_.Resume();
  }
  __aicore__ inline void AddScaledV(uint32_t index, uint32_t begin, uint32_t count) {
    const AscendC::LocalTensor<float> v = scratch_;
    WidenPart(tensors_->const_expert_v, index, begin, count, v);
    Scale(v, tensors_->const_expert_alpha_2, 1, index, begin, count);
    AscendC::Add(term_[begin], term_[begin], v, static_cast<int32_t>(count));
    VectorOrder();
  }
  // values = alpha * values, where alpha is one number, or a row of which `count` from `begin` on.
  __aicore__ inline void Scale(const AscendC::LocalTensor<float>& values, GmAddress alpha,
                               uint32_t which, uint32_t index, uint32_t begin, uint32_t count) {
    if ((tiling_->alpha_rows >> which & 1) == 0) {
      AscendC::Muls(values, values, alphas_[which], static_cast<int32_t>(count));
      VectorOrder();
      return;
    }
    // Alpha 1 scales a whole row, alpha 2 half of one, which stands in the first half of scratch.
    const AscendC::LocalTensor<float> factors =
        which == 0 ? scratch_ : scratch_[width_ - width_ / 2];
    WidenPart(alpha, index, begin, count, factors);
    AscendC::Mul(values, values, factors, static_cast<int32_t>(count));
    VectorOrder();
  }
  __aicore__ inline void WidenPart(GmAddress rows, uint32_t index, uint32_t begin, uint32_t count,
                                   const AscendC::LocalTensor<float>& to) {
    AscendC::LocalTensor<RowType> part =
        feed_.Fetch(At<RowType>(rows)[static_cast<uint64_t>(index) * h_ + column_ + begin], count);
    AscendC::Cast(to, part, AscendC::RoundMode::CAST_NONE, count);
    VectorOrder();
    feed_.Free(part);
  }
  __aicore__ inline void LoadAlphas(uint32_t index) {
    const AscendC::LocalTensor<RowType> alphas = alpha_buffer_.Get<RowType>();
    constexpr uint32_t kSecond = kBlockBytes / sizeof(RowType);
    Order<AscendC::HardEvent::S_MTE2>();
    if ((tiling_->alpha_rows & 1) == 0) {
      Load(alphas, At<RowType>(tensors_->const_expert_alpha_1)[index], 1);
    }
    if ((tiling_->alpha_rows & 2) == 0) {
      Load(alphas[kSecond], At<RowType>(tensors_->const_expert_alpha_2)[index], 1);
    }
    Order<AscendC::HardEvent::MTE2_S>();
    if ((tiling_->alpha_rows & 1) == 0) alphas_[0] = AscendC::ToFloat(alphas.GetValue(0));
    if ((tiling_->alpha_rows & 2) == 0) alphas_[1] = AscendC::ToFloat(alphas.GetValue(kSecond));
  }

  __aicore__ inline void WriteX(uint32_t token) {
    const AscendC::LocalTensor<RowType> x = outs_.AllocTensor<RowType>();
    AscendC::Cast(x, sum_, AscendC::RoundMode::CAST_RINT, width_);
    VectorOrder();
    squares_.FindLargest(x, width_, Magnitudes());
    WriteRow(x, tensors_->x, token);
  }
  // Of x; the terms have been added up.
  __aicore__ inline AscendC::LocalTensor<int16_t> Magnitudes() const {
    return term_.template ReinterpretCast<int16_t>();
  }
  __aicore__ inline void WriteRow(const AscendC::LocalTensor<RowType>& row, GmAddress tensor,
                                  uint32_t token) {
    outs_.EnQue(row);
    AscendC::LocalTensor<RowType> ready = outs_.DeQue<RowType>();
    Store(At<RowType>(tensor)[static_cast<uint64_t>(token) * h_ + column_], ready, width_);
    outs_.FreeTensor(ready);
  }

  // Scales the sum, and writes rstd. What the scaled sum is to be multiplied with instead of it.
  __aicore__ inline float Normalise(uint32_t token) {
    uint32_t largest = RowSquares::Largest(Magnitudes());
    if (shared_) {
      largest = exchange_.Largest(largest);
      if (share_.part() == 0) feed_.ClearFlags(token);
    }
    const int32_t scale = norm_.ScaleExponent(largest);
    ScaleSum(scale);
    squares_.Sum(sum_, repeats_, term_);
    const SquareParts own = squares_.Parts();
    SquareSum sum;
    if (shared_) {
      sum = exchange_.Sum(own);
    } else {
      sum.Add(own);
    }
    const Rstd rstd = norm_.Of(sum, scale);
    if (!shared_ || share_.part() == 0) WriteRstd(token, rstd.value);
    return rstd.of_scaled;
  }
  __aicore__ inline void ScaleSum(int32_t exponent) {
    constexpr int32_t kMost = 127;  // of a float32
    for (; exponent > kMost; exponent -= kMost) MultiplySum(PowerOfTwo(kMost));
    MultiplySum(PowerOfTwo(exponent));
  }
  __aicore__ inline void MultiplySum(float factor) {
    AscendC::Muls(sum_, sum_, factor, static_cast<int32_t>(width_));
    VectorOrder();
  }
  __aicore__ inline void WriteRstd(uint32_t token, float value) {
    AscendC::LocalTensor<float> rstd = rstds_.AllocTensor<float>();
    AscendC::Duplicate(rstd, value, static_cast<int32_t>(kBlockFloats));
    rstds_.EnQue(rstd);
    rstd = rstds_.DeQue<float>();
    Store(At<float>(tensors_->rstd_out)[token], rstd, 1);
    rstds_.FreeTensor(rstd);
  }

  __aicore__ inline void WriteY(uint32_t token, float rstd_of_scaled) {
    const auto count = static_cast<int32_t>(width_);
    AscendC::Muls(term_, sum_, rstd_of_scaled, count);
    VectorOrder();
    const AscendC::LocalTensor<RowType> y = outs_.AllocTensor<RowType>();
    AscendC::Cast(y, term_, AscendC::RoundMode::CAST_RINT, width_);
    VectorOrder();
    AscendC::Cast(term_, y, AscendC::RoundMode::CAST_NONE, width_);
    VectorOrder();
    AscendC::Mul(term_, term_, WideGamma(), count);
    VectorOrder();
    AscendC::Cast(y, term_, AscendC::RoundMode::CAST_RINT, width_);
    VectorOrder();
    WriteRow(y, tensors_->y, token);
  }

  __aicore__ inline AscendC::LocalTensor<float> WideGamma() {
    const uint32_t begin = column_ - first_column_;
    if (tiling_->gamma_wide != 0) return gamma_buffer_.Get<float>()[begin];
    // The sum has been used up.
    AscendC::Cast(sum_, gamma_buffer_.Get<RowType>()[begin], AscendC::RoundMode::CAST_NONE, width_);
    VectorOrder();
    return sum_;
  }

  const op_plan::CombineTiling* tiling_;
  const Tensors* tensors_;
  TokenShare share_;
  RowFeed feed_;
  PartExchange exchange_;
  RowSquares squares_;
  RowNorm norm_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> outs_, rstds_;
  AscendC::TBuf<> sum_buffer_, term_buffer_, scratch_buffer_, gamma_buffer_, scales_buffer_;
  AscendC::TBuf<> alpha_buffer_;
  AscendC::LocalTensor<float> sum_, term_, scratch_;
  float alphas_[2];
  uint32_t h_;
  uint32_t column_, width_, repeats_;  // this core's part of a row, of whole repeats
  uint32_t first_column_;              // of gamma in UB
  bool shared_;                        // other cores have the token too
  bool first_;
  bool axpy_rounds_products_;
};

}  // namespace combine_kernel
