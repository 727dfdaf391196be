// SPDX-License-Identifier: Apache-2.0
// float32 numbers of the scalar pipe by their bits.
#pragma once

#include <cstdint>

#include "kernel_operator.h"

namespace combine_kernel {

union FloatBits {
  uint32_t bits;
  float value;
};

__aicore__ inline float FloatOf(uint32_t bits) {
  FloatBits number;
  number.bits = bits;
  return number.value;
}
__aicore__ inline uint32_t BitsOf(float value) {
  FloatBits number;
  number.value = value;
  return number.bits;
}
// Of a normal float32 number's exponent.
__aicore__ inline float PowerOfTwo(int32_t exponent) {
  return FloatOf(static_cast<uint32_t>(exponent + 127) << 23);
}

// 1.5 * 2^23: numbers as large have no fraction, so that adding it and taking it away rounds to a
// whole number, ties to even.
constexpr float kNoFraction = 12582912.0f;

}  // namespace combine_kernel
