// SPDX-License-Identifier: Apache-2.0
// What becomes of a block of 8 bf16 numbers that travels as int8 with one scale, number by number:
// for the rows that the vector unit does not do, because they hold NaN or an infinity.
#pragma once

#include "float_bits.h"
#include "pipe_order.h"

namespace combine_kernel {

__aicore__ inline float WidenBits(uint16_t bits) {
  return FloatOf(static_cast<uint32_t>(bits) << 16);
}

// To nearest, ties to even, of a number that is not NaN.
__aicore__ inline uint16_t RoundToBits(float value) {
  const uint32_t bits = BitsOf(value);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// To a whole number; |value| is below 2^22.
__aicore__ inline float RoundToWhole(float value) {
  const float sum = FloatOf(BitsOf(value + kNoFraction));  // no compiler may take it apart
  return sum - kNoFraction;
}

// NaN stays NaN and is no candidate for the largest. An infinity is one: it stays, and the numbers
// beside it become 0.
__aicore__ inline void ThroughInt8(uint16_t* block) {
  constexpr uint16_t kSize = 0x7FFF;  // all but the sign
  constexpr uint16_t kInfinity = 0x7F80;
  constexpr float kMaxCode = 127.0f;
  uint16_t largest = 0;
  for (uint32_t i = 0; i < kBlockFloats; ++i) {
    const auto size = static_cast<uint16_t>(block[i] & kSize);
    if (size <= kInfinity && size > largest) largest = size;
  }
  const float scale = WidenBits(RoundToBits(WidenBits(largest) / kMaxCode));
  for (uint32_t i = 0; i < kBlockFloats; ++i) {
    const auto size = static_cast<uint16_t>(block[i] & kSize);
    if (size >= kInfinity) continue;
    if (largest == kInfinity || !(scale > 0.0f)) {
      block[i] = 0;
      continue;
    }
    float ratio = WidenBits(block[i]) / scale;
    if (ratio > kMaxCode) ratio = kMaxCode;
    if (ratio < -kMaxCode) ratio = -kMaxCode;
    const float code = RoundToWhole(ratio);
    block[i] = code == 0.0f ? static_cast<uint16_t>(0) : RoundToBits(code * scale);
  }
}

}  // namespace combine_kernel
