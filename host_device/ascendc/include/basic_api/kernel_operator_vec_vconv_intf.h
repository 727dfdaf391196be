// SPDX-License-Identifier: Apache-2.0
// Conversions of element types: the pairs and rounding modes of Atlas A3.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cast.h"
#include "fault.h"
#include "kernel_vector_forms.h"

namespace AscendC {

enum class RoundMode : uint8_t {
  CAST_NONE = 0,  // no rounding, or CAST_RINT where precision is lost
  CAST_RINT,
  CAST_FLOOR,
  CAST_CEIL,
  CAST_ROUND,
  CAST_TRUNC,
  CAST_ODD,
};

// How a pair of types may be rounded.
enum class CastPair : uint8_t { kAbsent, kExact, kRounded, kRoundedOrNone, kAny };

template <typename To, typename From>
constexpr CastPair KindOfCast() {
  if constexpr (std::is_same_v<From, int8_t> || std::is_same_v<From, uint8_t>) {
    return std::is_same_v<To, half> ? CastPair::kExact : CastPair::kAbsent;
  } else if constexpr (std::is_same_v<From, int16_t>) {
    if (std::is_same_v<To, half>) return CastPair::kRoundedOrNone;
    return std::is_same_v<To, float> ? CastPair::kExact : CastPair::kAbsent;
  } else if constexpr (std::is_same_v<From, half>) {
    if (kIsOneOf<To, int8_t, uint8_t>) return CastPair::kRoundedOrNone;
    if (kIsOneOf<To, int16_t, int32_t>) return CastPair::kRounded;
    return std::is_same_v<To, float> ? CastPair::kExact : CastPair::kAbsent;
  } else if constexpr (std::is_same_v<From, bfloat16_t>) {
    if (std::is_same_v<To, int32_t>) return CastPair::kRounded;
    return std::is_same_v<To, float> ? CastPair::kExact : CastPair::kAbsent;
  } else if constexpr (std::is_same_v<From, int32_t>) {
    if (kIsOneOf<To, int16_t, int64_t>) return CastPair::kExact;
    return std::is_same_v<To, float> ? CastPair::kRoundedOrNone : CastPair::kAbsent;
  } else if constexpr (std::is_same_v<From, float>) {
    if (std::is_same_v<To, half>) return CastPair::kAny;
    if (kIsOneOf<To, int16_t, bfloat16_t, int32_t, float, int64_t>) return CastPair::kRounded;
    return CastPair::kAbsent;
  } else if constexpr (std::is_same_v<From, int64_t>) {
    if (std::is_same_v<To, int32_t>) return CastPair::kExact;
    return std::is_same_v<To, float> ? CastPair::kRounded : CastPair::kAbsent;
  } else {
    return CastPair::kAbsent;
  }
}

inline bool CastAllows(CastPair pair, RoundMode mode) {
  switch (pair) {
    case CastPair::kAbsent:
      return false;
    case CastPair::kExact:
      return mode == RoundMode::CAST_NONE;
    case CastPair::kRounded:
      return mode >= RoundMode::CAST_RINT && mode <= RoundMode::CAST_TRUNC;
    case CastPair::kRoundedOrNone:
      return mode <= RoundMode::CAST_TRUNC;
    case CastPair::kAny:
      return mode <= RoundMode::CAST_ODD;
  }
  return false;
}

template <typename T, typename U>
host_ascendc::Rounding RoundingOf(const RoundMode& mode, const host_ascendc::Place& place) {
  constexpr CastPair kPair = KindOfCast<T, U>();
  static_assert(kPair != CastPair::kAbsent, "Atlas A3 has no Cast between these types");
  if (!CastAllows(kPair, mode)) {
    host_ascendc::Fail(place, "Cast between these types has no RoundMode %d",
                       static_cast<int>(mode));
  }
  return static_cast<host_ascendc::Rounding>(mode);
}

}  // namespace AscendC

namespace host_ascendc {

// Calls use(operation) with the common roundings known to the compiler.
template <typename To, typename From, typename Use>
void WithConversion(Rounding rounding, Use use) {
  switch (rounding) {
    case Rounding::kNone:
      return use([](From value) { return Convert<To>(value, Rounding::kNone); });
    case Rounding::kNearestEven:
      return use([](From value) { return Convert<To>(value, Rounding::kNearestEven); });
    default:
      return use([rounding](From value) { return Convert<To>(value, rounding); });
  }
}

}  // namespace host_ascendc

namespace AscendC {

template <typename T, typename U>
inline void Cast(const LocalTensor<T>& dst, const LocalTensor<U>& src, const RoundMode& round_mode,
                 const uint32_t count, host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::WithConversion<T, U>(RoundingOf<T, U>(round_mode, place), [&](auto operation) {
    host_ascendc::Elementwise("Cast", place, int64_t{count}, operation, OperandOf(dst),
                              OperandOf(src));
  });
}

template <typename T, typename U, bool isSetMask = true>
inline void Cast(const LocalTensor<T>& dst, const LocalTensor<U>& src, const RoundMode& round_mode,
                 const uint64_t mask, const uint8_t repeat_time,
                 const UnaryRepeatParams& repeat_params,
                 host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(isSetMask, "a mask set outside is not there");
  host_ascendc::WithConversion<T, U>(RoundingOf<T, U>(round_mode, place), [&](auto operation) {
    host_ascendc::Unary("Cast", dst, src, mask, repeat_time, repeat_params, place, operation);
  });
}

template <typename T, typename U, bool isSetMask = true>
inline void Cast(const LocalTensor<T>& dst, const LocalTensor<U>& src, const RoundMode& round_mode,
                 const uint64_t mask[], const uint8_t repeat_time,
                 const UnaryRepeatParams& repeat_params,
                 host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(isSetMask, "a mask set outside is not there");
  host_ascendc::WithConversion<T, U>(RoundingOf<T, U>(round_mode, place), [&](auto operation) {
    host_ascendc::Unary("Cast", dst, src, mask, repeat_time, repeat_params, place, operation);
  });
}

}  // namespace AscendC
