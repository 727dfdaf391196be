// SPDX-License-Identifier: Apache-2.0
// bfloat16 and float16 as their 16 bits. Internal linkage: kernels compile this once per
// instruction set.
#pragma once

#include <cstdint>
#include <cstring>

namespace op_plan {
namespace {

[[maybe_unused]] inline float WidenBf16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

[[maybe_unused]] inline float WidenHalf(uint16_t bits) {
  // The exponent moves by 112; a multiplication does that for numbers with and without leading one.
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7FFF) << 13;
  float value;
  std::memcpy(&value, &magnitude, sizeof(value));
  value *= 0x1p112f;
  uint32_t wide;
  std::memcpy(&wide, &value, sizeof(wide));
  if (magnitude >= 0x0F800000) wide = magnitude | 0x7F800000;  // infinity or NaN
  wide |= static_cast<uint32_t>(bits & 0x8000) << 16;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

// Round to nearest even; NaN stays NaN (quiet, with its sign).
[[maybe_unused]] inline uint16_t RoundToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  const uint32_t quiet_nan = ((bits >> 16) & 0x8000) | 0x7FC0;
  return static_cast<uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet_nan : rounded);
}

}  // namespace
}  // namespace op_plan
