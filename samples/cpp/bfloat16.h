// SPDX-License-Identifier: Apache-2.0
// bfloat16 on the CPU: the upper half of a float32.
#pragma once

#include <cstdint>
#include <cstring>

inline float FromBfloat16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

// To the nearest, ties to even, as the operator rounds. For finite numbers.
inline uint16_t ToBfloat16(float value) {
  uint32_t wide;
  std::memcpy(&wide, &value, sizeof(wide));
  return static_cast<uint16_t>((wide + 0x7fff + ((wide >> 16) & 1)) >> 16);
}

inline float RoundToBfloat16(float value) { return FromBfloat16(ToBfloat16(value)); }
