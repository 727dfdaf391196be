// SPDX-License-Identifier: Apache-2.0
// What the vector pipe finds out of a row for its rstd: the largest of its numbers, and the sum of
// its squares once it is scaled by it, as four sums that float32 holds exactly. So the result is
// the same however many cores share the row, and is rounded once, by rstd.h.
//
// A number a of the scaled row has kScaledBits bits before the point. With whole = rint(a) and
// rest = a - whole, which float32 holds exactly, a^2 = whole^2 + rest * (a + whole): the first are
// int32 numbers, of which 16 add up without leaving int32; the second are small, so that their
// rounding is 2^-33 of the sum at most, and 2^-38 where no number is far above all others.
#pragma once

#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "rstd.h"

namespace combine_kernel {

class RowSquares {
 public:
  // float32 numbers that Sum works in, for rows of so many repeats and less.
  __aicore__ static inline uint32_t ScratchFloats(uint32_t repeats) {
    return 4 * QuarterRepeats(repeats) * kRepeatFloats;
  }

  __aicore__ inline void Init(uint32_t most_repeats, AscendC::TPipe* pipe) {
    quarter_ = QuarterRepeats(most_repeats);
    pipe->InitBuffer(no_sign_buffer_, kBlockBytes);
    pipe->InitBuffer(sums_buffer_, kBlockBytes);
    no_sign_ = no_sign_buffer_.Get<int16_t>();
    sums_ = sums_buffer_.Get<float>();
    AscendC::Duplicate(no_sign_, static_cast<int16_t>(0x7FFF), kBlockHalves);
    VectorOrder();
  }

  // Puts the largest of a row without their signs among the first kBlockHalves of `to`; bf16
  // numbers are ordered as the int16 of their bits.
  __aicore__ inline void FindLargest(const AscendC::LocalTensor<bfloat16_t>& x, uint32_t width,
                                     const AscendC::LocalTensor<int16_t>& to) {
    const AscendC::LocalTensor<int16_t> bits = x.ReinterpretCast<int16_t>();
    const AscendC::BinaryRepeatParams same_block = {1, 1, 0, kRepeatBlocks, kRepeatBlocks, 0};
    const uint32_t repeats = width / kRepeatHalves;
    const uint32_t left = width % kRepeatHalves;
    if (repeats != 0) {
      AscendC::And(to, bits, no_sign_, kRepeatHalves, static_cast<uint8_t>(repeats), same_block);
    }
    if (left != 0) {
      const uint32_t done = width - left;
      AscendC::And(to[done], bits[done], no_sign_, left, 1, same_block);
    }
    VectorOrder();
    for (uint32_t count = width; count > kBlockHalves;) {
      const uint32_t half = RoundUp(count / 2, kBlockHalves);
      AscendC::Max(to, to, to[half], static_cast<int32_t>(count - half));
      VectorOrder();
      count = half;
    }
  }
  __aicore__ static inline uint32_t Largest(const AscendC::LocalTensor<int16_t>& found) {
    Order<AscendC::HardEvent::V_S>();
    int16_t largest = 0;
    for (uint32_t i = 0; i < kBlockHalves; ++i) {
      const int16_t number = found.GetValue(i);
      if (number > largest) largest = number;
    }
    Order<AscendC::HardEvent::S_V>();
    return static_cast<uint32_t>(largest);
  }

  // Of a scaled row that is 0 up to the end of its last repeat.
  __aicore__ inline void Sum(const AscendC::LocalTensor<float>& row, uint32_t repeats,
                             const AscendC::LocalTensor<float>& scratch) {
    for (uint32_t i = 0; i < 4; ++i) quarters_[i] = scratch[i * quarter_ * kRepeatFloats];
    for (uint32_t begin = 0; begin < repeats; begin += quarter_) {
      const uint32_t left = repeats - begin;
      AddQuarter(row, begin, left < quarter_ ? left : quarter_);
    }
    SplitWhole(repeats < quarter_ ? repeats : quarter_);
    SplitRest(repeats);
    AscendC::WholeReduceSum(sums_, scratch, kRepeatFloats, 4, 1, 1,
                            static_cast<int32_t>(quarter_ * kRepeatBlocks));
  }
  __aicore__ inline SquareParts Parts() const {
    Order<AscendC::HardEvent::V_S>();
    const SquareParts parts = {sums_.GetValue(kWholeHigh), sums_.GetValue(kWholeLow),
                               sums_.GetValue(kRestHigh), sums_.GetValue(kRestLow)};
    Order<AscendC::HardEvent::S_V>();
    return parts;
  }

 private:
  static constexpr int32_t kBlockHalves = 16;     // int16 elements of a block
  static constexpr uint32_t kRepeatHalves = 128;  // and of a repeat
  // Quarters of the scratch, by what they hold in the end; before that kRestLow has the squares of
  // whole numbers and kRestHigh the sums of the rest by blocks, while the others come and go.
  enum Quarter : uint32_t { kRestLow, kRestHigh, kWholeHigh, kWholeLow };
  static constexpr uint32_t kMostGroups = 2 * kRepeatFloats;  // of 64 columns, H up to 8192

  // A short row goes through at once, a longer one in four turns.
  __aicore__ static inline uint32_t QuarterRepeats(uint32_t repeats) {
    constexpr uint32_t kLeast = kMostGroups / kRepeatFloats;
    constexpr uint32_t kShort = op_plan::kShortRowRepeats;
    const uint32_t quarter = repeats <= kShort ? repeats : (repeats + 3) / 4;
    return quarter < kLeast ? kLeast : quarter;
  }

  __aicore__ inline AscendC::LocalTensor<int32_t> Whole(Quarter quarter) const {
    return quarters_[quarter].template ReinterpretCast<int32_t>();
  }

  __aicore__ inline void AddQuarter(const AscendC::LocalTensor<float>& row, uint32_t begin,
                                    uint32_t repeats) {
    const auto count = static_cast<int32_t>(repeats * kRepeatFloats);
    const AscendC::LocalTensor<float> numbers = row[begin * kRepeatFloats];
    const AscendC::LocalTensor<int32_t> squares = Whole(kRestLow);
    const AscendC::LocalTensor<int32_t> whole = begin == 0 ? squares : Whole(kWholeHigh);
    const AscendC::LocalTensor<float> rest = quarters_[kWholeHigh];
    const AscendC::LocalTensor<float> wide = quarters_[kWholeLow];
    AscendC::Cast(whole, numbers, AscendC::RoundMode::CAST_RINT, static_cast<uint32_t>(count));
    VectorOrder();
    AscendC::Cast(wide, whole, AscendC::RoundMode::CAST_NONE, static_cast<uint32_t>(count));
    VectorOrder();
    AscendC::Mul(whole, whole, whole, count);
    VectorOrder();
    if (begin != 0) {
      AscendC::Add(squares, squares, whole, count);
      VectorOrder();
    }
    AscendC::Sub(rest, numbers, wide, count);
    VectorOrder();
    AscendC::Add(wide, numbers, wide, count);
    VectorOrder();
    AscendC::Mul(rest, rest, wide, count);
    VectorOrder();
    AscendC::BlockReduceSum(quarters_[kRestHigh][begin * kRepeatBlocks], rest,
                            static_cast<int32_t>(repeats), kRepeatFloats, 1, 1, kRepeatBlocks);
    VectorOrder();
  }

  // Adds the upper half of so many repeats to the lower one; how many are left.
  template <typename T>
  __aicore__ static inline uint32_t Fold(const AscendC::LocalTensor<T>& values, uint32_t repeats) {
    const uint32_t half = (repeats + 1) / 2;
    if (half == repeats) return repeats;
    AscendC::Add(values, values, values[half * kRepeatFloats],
                 static_cast<int32_t>((repeats - half) * kRepeatFloats));
    VectorOrder();
    return half;
  }

  // Sums of 16 squares, in units of 2^kWholeHighBits and what is left, each of which float32 adds
  // up without rounding.
  __aicore__ inline void SplitWhole(uint32_t repeats) {
    const AscendC::LocalTensor<int32_t> squares = Whole(kRestLow);
    const AscendC::LocalTensor<float> high = quarters_[kWholeHigh];
    const AscendC::LocalTensor<float> low = quarters_[kWholeLow];
    const AscendC::LocalTensor<int32_t> low_whole = Whole(kWholeLow);
    constexpr int32_t kUnit = 1 << SquareSum::kWholeHighBits;
    repeats = Fold(squares, Fold(squares, repeats));
    const auto count = static_cast<int32_t>(repeats * kRepeatFloats);
    const auto elements = static_cast<uint32_t>(count);
    AscendC::Cast(high, squares, AscendC::RoundMode::CAST_RINT, elements);
    VectorOrder();
    AscendC::Muls(high, high, 1.0f / kUnit, count);
    VectorOrder();
    AscendC::Cast(low_whole, high, AscendC::RoundMode::CAST_RINT, elements);
    VectorOrder();
    AscendC::Cast(high, low_whole, AscendC::RoundMode::CAST_NONE, elements);
    VectorOrder();
    AscendC::Muls(low_whole, low_whole, kUnit, count);
    VectorOrder();
    AscendC::Sub(low_whole, squares, low_whole, count);
    VectorOrder();
    AscendC::Cast(low, low_whole, AscendC::RoundMode::CAST_NONE, elements);
    VectorOrder();
    while (repeats > 1) {
      Fold(high, repeats);
      repeats = Fold(low, repeats);
    }
  }

  // The rest, of which there is a sum for each block, by groups of 64 columns; then what these have
  // in steps of kHighStep and of kLowStep, to which they are rounded.
  __aicore__ inline void SplitRest(uint32_t repeats) {
    constexpr float kHighStep = 4.0f, kLowStep = 1.0f / 65536;
    constexpr auto kCount = static_cast<int32_t>(kMostGroups);
    const AscendC::LocalTensor<float> blocks = quarters_[kRestHigh];
    const AscendC::LocalTensor<float> high = quarters_[kRestHigh];
    const AscendC::LocalTensor<float> low = quarters_[kRestLow];
    const uint32_t count = repeats * kRepeatBlocks;
    const uint32_t padded = RoundUp(count, kRepeatFloats);
    if (padded != count) {
      AscendC::Duplicate(blocks[count], 0.0f, static_cast<int32_t>(padded - count));
    }
    AscendC::Duplicate(low, 0.0f, kCount);
    VectorOrder();
    AscendC::BlockReduceSum(low, blocks, static_cast<int32_t>(padded / kRepeatFloats),
                            kRepeatFloats, 1, 1, kRepeatBlocks);
    VectorOrder();
    AscendC::Adds(high, low, kNoFraction * kHighStep, kCount);
    VectorOrder();
    AscendC::Adds(high, high, -kNoFraction * kHighStep, kCount);
    VectorOrder();
    AscendC::Sub(low, low, high, kCount);
    VectorOrder();
    AscendC::Adds(low, low, kNoFraction * kLowStep, kCount);
    VectorOrder();
    AscendC::Adds(low, low, -kNoFraction * kLowStep, kCount);
    VectorOrder();
    Fold(high, kMostGroups / kRepeatFloats);
    Fold(low, kMostGroups / kRepeatFloats);
  }

  AscendC::TBuf<> no_sign_buffer_, sums_buffer_;
  AscendC::LocalTensor<int16_t> no_sign_;
  AscendC::LocalTensor<float> sums_;
  AscendC::LocalTensor<float> quarters_[4];
  uint32_t quarter_;  // repeats
};

}  // namespace combine_kernel
