// SPDX-License-Identifier: Apache-2.0
// Conversions between element types with the rounding modes of the device.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "half_float.h"
#include "scalar_type.h"

namespace host_ascendc {

enum class Rounding : uint8_t { kNone, kNearestEven, kFloor, kCeil, kNearestAway, kTruncate, kOdd };

// To a whole number. kNone: nearest, ties to even, which is what it means where precision is lost.
inline double RoundWhole(double value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kFloor:
      return std::floor(value);
    case Rounding::kCeil:
      return std::ceil(value);
    case Rounding::kNearestAway:
      return std::round(value);
    case Rounding::kTruncate:
      return std::trunc(value);
    case Rounding::kOdd: {
      const double whole = std::trunc(value);
      if (whole == value || std::fmod(whole, 2.0) != 0) return whole;
      return whole + std::copysign(1.0, value);
    }
    case Rounding::kNone:
    case Rounding::kNearestEven:
      break;
  }
  return std::nearbyint(value);
}

// To a float whose last bit is worth 2^(exponent - digits + 1), as small floats of the format have
// it.
inline float RoundToDigits(float value, int digits, int min_exponent, Rounding rounding) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), min_exponent);
  const int last = exponent - digits + 1;
  return static_cast<float>(
      std::ldexp(RoundWhole(std::ldexp(static_cast<double>(value), -last), rounding), last));
}

// Out of range: the nearest end; NaN: 0.
template <typename Integer>
Integer Saturate(double whole) {
  if (std::isnan(whole)) return 0;
  constexpr Integer kLow = std::numeric_limits<Integer>::min();
  constexpr Integer kHigh = std::numeric_limits<Integer>::max();
  if (whole <= static_cast<double>(kLow)) return kLow;
  if (whole >= static_cast<double>(kHigh)) return kHigh;
  return static_cast<Integer>(whole);
}

template <typename From>
double Number(From value) {
  if constexpr (std::is_same_v<From, half>) {
    return host::FloatOfFp16(value.bits);
  } else if constexpr (std::is_same_v<From, bfloat16_t>) {
    return host::FloatOfBf16(value.bits);
  } else {
    return static_cast<double>(value);
  }
}

// As Saturate(RoundWhole(value, kNearestEven)) for integers of 8 and 16 bits, without a branch:
// adding 1.5 * 2^23 puts the rounding where the last whole bit is.
template <typename Integer>
Integer NearestInteger(float value) {
  static_assert(sizeof(Integer) <= 2, "larger integers do not fit");
  constexpr auto kLow = static_cast<float>(std::numeric_limits<Integer>::min());
  constexpr auto kHigh = static_cast<float>(std::numeric_limits<Integer>::max());
  constexpr float kShift = 12582912.0f;
  float bounded = value == value ? value : 0.0f;
  bounded = bounded < kLow ? kLow : bounded;
  bounded = bounded > kHigh ? kHigh : bounded;
  return static_cast<Integer>(static_cast<int32_t>((bounded + kShift) - kShift));
}

// As host::Bf16OfFloat, without a branch.
inline uint16_t NearestBf16(float value) {
  const uint32_t bits = host::BitsOfFloat(value);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const uint32_t quiet = bits >> 16 | 0x40;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

// As host::FloatOfFp16, without a branch: the exponent moves by a product with 2^112.
inline float WideHalf(uint16_t bits) {
  const uint32_t magnitude = bits & 0x7fffu;
  const float scaled = host::FloatOfBits(magnitude << 13) * 0x1p112f;
  const uint32_t special = 0x7f800000u | magnitude << 13;
  const uint32_t wide = magnitude >= 0x7c00u ? special : host::BitsOfFloat(scaled);
  return host::FloatOfBits(wide | uint32_t{bits & 0x8000u} << 16);
}

inline float Wide(float value) { return value; }
inline float Wide(half value) { return WideHalf(value.bits); }
inline float Wide(bfloat16_t value) { return host::FloatOfBf16(value.bits); }

template <typename To, typename From>
To Convert(From value, Rounding rounding) {
  [[maybe_unused]] const bool to_nearest =
      rounding == Rounding::kNone || rounding == Rounding::kNearestEven;
  if constexpr (std::is_same_v<To, float> && std::is_same_v<From, bfloat16_t>) {
    return host::FloatOfBf16(value.bits);
  } else if constexpr (std::is_same_v<To, float> && std::is_same_v<From, half>) {
    return WideHalf(value.bits);
  } else if constexpr (std::is_same_v<To, float> && std::is_same_v<From, float>) {
    return static_cast<float>(RoundWhole(value, rounding));
  } else if constexpr (std::is_same_v<To, float>) {
    // Whole numbers of more than 24 bits lose some.
    const double exact = static_cast<double>(value);
    if (to_nearest) return static_cast<float>(value);
    if (exact == 0) return 0;
    const int last = std::ilogb(exact) - 23;
    return static_cast<float>(std::ldexp(RoundWhole(std::ldexp(exact, -last), rounding), last));
  } else if constexpr (std::is_same_v<To, half>) {
    half result;
    const float from = static_cast<float>(Number(value));
    result.bits = host::Fp16OfFloat(to_nearest ? from : RoundToDigits(from, 11, -14, rounding));
    return result;
  } else if constexpr (std::is_same_v<To, bfloat16_t>) {
    bfloat16_t result;
    result.bits = NearestBf16(to_nearest ? value : RoundToDigits(value, 8, -126, rounding));
    return result;
  } else if constexpr (std::is_integral_v<From>) {
    if constexpr (sizeof(To) >= sizeof(From)) {
      return static_cast<To>(value);
    } else {
      return Saturate<To>(static_cast<double>(value));
    }
  } else {
    if constexpr (sizeof(To) <= 2) {
      if (to_nearest) return NearestInteger<To>(Wide(value));
    }
    return Saturate<To>(RoundWhole(Number(value), rounding));
  }
}

}  // namespace host_ascendc
