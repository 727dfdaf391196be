// SPDX-License-Identifier: Apache-2.0
// bfloat16 as its 16 bits. Internal linkage: kernels compile this once per instruction set.
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
