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

// To a float whose last bit is worth 2^(exponent - digits + 1), as small floats of the format have it.
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

template <typename To, typename From>
To Convert(From value, Rounding rounding) {
  if constexpr (std::is_same_v<To, float> && std::is_same_v<From, bfloat16_t>) {
    return host::FloatOfBf16(value.bits);
  } else if constexpr (std::is_same_v<To, float> && std::is_same_v<From, half>) {
    return host::FloatOfFp16(value.bits);
  } else if constexpr (std::is_same_v<To, float> && std::is_same_v<From, float>) {
    return static_cast<float>(RoundWhole(value, rounding));
  } else if constexpr (std::is_same_v<To, float>) {
    // Whole numbers of more than 24 bits lose some.
    const double exact = static_cast<double>(value);
    if (rounding == Rounding::kNone || rounding == Rounding::kNearestEven) {
      return static_cast<float>(value);
    }
    if (exact == 0) return 0;
    const int last = std::ilogb(exact) - 23;
    return static_cast<float>(std::ldexp(RoundWhole(std::ldexp(exact, -last), rounding), last));
  } else if constexpr (std::is_same_v<To, half>) {
    half result;
    const float from = static_cast<float>(Number(value));
    const bool nearest = rounding == Rounding::kNone || rounding == Rounding::kNearestEven;
    result.bits = host::Fp16OfFloat(nearest ? from : RoundToDigits(from, 11, -14, rounding));
    return result;
  } else if constexpr (std::is_same_v<To, bfloat16_t>) {
    bfloat16_t result;
    const bool nearest = rounding == Rounding::kNearestEven;
    result.bits = host::Bf16OfFloat(nearest ? value : RoundToDigits(value, 8, -126, rounding));
    return result;
  } else if constexpr (std::is_integral_v<From>) {
    if constexpr (sizeof(To) >= sizeof(From)) {
      return static_cast<To>(value);
    } else {
      return Saturate<To>(static_cast<double>(value));
    }
  } else {
    return Saturate<To>(RoundWhole(Number(value), rounding));
  }
}

}  // namespace host_ascendc
