// SPDX-License-Identifier: Apache-2.0
// half and bfloat16_t, which the compiler for the device knows by itself.
#pragma once

#include <cstdint>
#include <type_traits>

#include "half_float.h"

struct half {
  uint16_t bits;

  half() = default;
  template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number>, bool> = true>
  half(Number number) : bits(host::Fp16OfFloat(static_cast<float>(number))) {}
  operator float() const { return host::FloatOfFp16(bits); }
};

// Numbers become bfloat16_t; the way back is AscendC::ToFloat, since the device has no other.
struct bfloat16_t {
  uint16_t bits;

  bfloat16_t() = default;
  template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number>, bool> = true>
  bfloat16_t(Number number) : bits(host::Bf16OfFloat(static_cast<float>(number))) {}
};
