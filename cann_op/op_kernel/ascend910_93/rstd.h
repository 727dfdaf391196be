// SPDX-License-Identifier: Apache-2.0
// rstd of a row, by the whole numbers of the scalar pipe: its sums are added without rounding, and
// the root is rounded once. A float32 that is one off moves a product acc * rstd that is almost
// halfway between two bf16 numbers to the other one, and the rounding after gamma makes two units
// of that.
#pragma once

#include <cstdint>

#include "float_bits.h"
#include "op_plan/combine_tiling.h"

namespace combine_kernel {

// A row is scaled by a power of two, so that its largest number has this many bits before the
// point: no square leaves float32 then, and fixed steps suit all rows.
constexpr int32_t kScaledBits = 13;

// What row_squares.h makes of the squares of a scaled row, or of some of its columns: sums that
// float32 holds exactly.
struct SquareParts {
  float whole_high;  // 2^SquareSum::kWholeHighBits each
  float whole_low;
  float rest_high;
  float rest_low;
};

// The sum of a scaled row's squares.
class SquareSum {
 public:
  static constexpr int32_t kFractionBits = 20;
  static constexpr int32_t kWholeHighBits = 15;

  __aicore__ inline void Add(const SquareParts& parts) {
    odd_ += parts.rest_high;
    if (!IsFinite(parts.rest_high)) return;
    constexpr int64_t kHigh = int64_t{1} << kWholeHighBits;
    constexpr int64_t kUnit = int64_t{1} << kFractionBits;
    const int64_t whole = static_cast<int32_t>(parts.whole_high) * kHigh +
                          static_cast<int32_t>(parts.whole_low) +
                          static_cast<int32_t>(parts.rest_high);
    units_ += whole * kUnit + static_cast<int32_t>(parts.rest_low * static_cast<float>(kUnit));
  }

  __aicore__ inline bool IsNan() const { return odd_ != odd_; }
  __aicore__ inline bool IsInfinite() const { return !IsFinite(odd_) && !IsNan(); }
  __aicore__ inline uint64_t units() const { return static_cast<uint64_t>(units_); }

 private:
  __aicore__ static inline bool IsFinite(float value) { return value * 0.0f == 0.0f; }

  int64_t units_ = 0;  // 2^-kFractionBits each
  float odd_ = 0.0f;   // what is no number among the squares makes it no number
};

struct Rstd {
  float value;
  float of_scaled;  // what the scaled row is multiplied with instead
};

class RowNorm {
 public:
  // root_h: sqrt(H) in units of 2^-op_plan::kRootBits.
  __aicore__ inline void Init(uint32_t h, uint32_t root_h, float norm_eps) {
    h_ = h;
    root_h_ = root_h;
    const uint32_t bits = BitsOf(norm_eps) & 0x7FFFFFFF;  // -0 is no number below 0
    const uint32_t field = bits >> 23;
    const uint32_t digits = (bits & 0x7FFFFF) | (field == 0 ? 0 : 0x800000);
    eps_digits_ = static_cast<uint64_t>(digits) * h;
    eps_exponent_ = static_cast<int32_t>(field == 0 ? 1 : field) - 150;
    // Rows below sqrt(norm_eps) are scaled by no more than it needs.
    least_field_ = (field + 127) / 2;
    if (digits == 0 || least_field_ < kLeastField) least_field_ = kLeastField;
  }

  // Of a row, by the bits of the largest of its numbers as bf16, without their signs: the power of
  // two that it is multiplied with. Up to 2^138, which is no float32.
  __aicore__ inline int32_t ScaleExponent(uint32_t largest) const {
    uint32_t field = largest >> 7;
    if (field < least_field_) field = least_field_;
    return 127 + kScaledBits - 1 - static_cast<int32_t>(field);
  }

  // 1 / sqrt(mean of the squares + norm_eps), of a row that was multiplied with 2^scale.
  __aicore__ inline Rstd Of(const SquareSum& squares, int32_t scale) const {
    constexpr uint32_t kNan = 0x7FC00000;
    if (squares.IsNan()) return {FloatOf(kNan), FloatOf(kNan)};
    if (squares.IsInfinite()) return {0.0f, 0.0f};
    uint64_t sum = squares.units() + EpsUnits(scale);
    if (sum == 0) return {FloatOf(kInfinity), FloatOf(kInfinity)};
    // The root of h / sum is mantissa * 2^exponent, of which sum * 4^shift is used.
    int32_t shift = 0;
    for (int32_t step = 16; step > 0; step /= 2) {
      if (sum >> (64 - 2 * step) != 0) continue;
      sum <<= 2 * step;
      shift += step;
    }
    const uint64_t root = InverseRoot(sum >> 32) * root_h_;
    const int32_t lead = root >> 55 != 0 ? 55 : root >> 54 != 0 ? 54 : 53;
    uint64_t mantissa = root >> (lead - kMantissaBits + 1);
    const uint64_t bound = static_cast<uint64_t>(h_) << (146 - 2 * lead);
    while (IsAbove(mantissa, sum, bound)) --mantissa;
    while (!IsAbove(mantissa + 1, sum, bound)) ++mantissa;
    return Round(mantissa, lead - kMantissaBits + 1 + shift - kRootExponent, scale);
  }

 private:
  static constexpr uint32_t kInfinity = 0x7F800000;
  static constexpr uint32_t kLeastField = 1;
  static constexpr int32_t kMantissaBits = 26;  // two more than float32 has, before rounding
  static constexpr int32_t kInverseBits = 30;   // of an inverse root's fraction
  static constexpr int32_t kRootExponent =
      kInverseBits + op_plan::kRootBits + 32 - SquareSum::kFractionBits / 2;

  // H * norm_eps, as the squares of the scaled row have it.
  __aicore__ inline uint64_t EpsUnits(int32_t scale) const {
    const int32_t shift = eps_exponent_ + 2 * scale + SquareSum::kFractionBits;
    if (eps_digits_ == 0 || shift < -62) return 0;
    if (shift >= 0) return eps_digits_ << shift;
    return (eps_digits_ + (uint64_t{1} << (-shift - 1))) >> -shift;
  }

  // 1 / sqrt(number / 2^32) of a number of 31 or 32 bits, in units of 2^-kInverseBits, by Newton's
  // steps from a line that is at most a tenth off.
  __aicore__ static inline uint64_t InverseRoot(uint64_t number) {
    constexpr uint64_t kOne = uint64_t{1} << kInverseBits;
    uint64_t inverse = kOne * 43 / 20 - (number * 307 >> 10);  // 2.15 - 1.2 x
    for (int32_t step = 0; step < 4; ++step) {
      const uint64_t square = inverse * inverse >> kInverseBits;
      inverse = inverse * (3 * kOne - (square * number >> 32)) >> (kInverseBits + 1);
    }
    return inverse;
  }

  // Whether mantissa^2 * sum is above bound * 2^64.
  __aicore__ static inline bool IsAbove(uint64_t mantissa, uint64_t sum, uint64_t bound) {
    constexpr uint64_t kLowHalf = 0xFFFFFFFF;
    const uint64_t square = mantissa * mantissa;
    const uint64_t low = (square & kLowHalf) * (sum & kLowHalf);
    const uint64_t cross = (square >> 32) * (sum & kLowHalf) + (low >> 32);
    const uint64_t other = (square & kLowHalf) * (sum >> 32) + (cross & kLowHalf);
    const uint64_t high = (square >> 32) * (sum >> 32) + (cross >> 32) + (other >> 32);
    return high > bound || (high == bound && ((other | low) & kLowHalf) != 0);
  }

  // To nearest. There are no ties: the square of a number that ends in one has more odd factors
  // than h.
  __aicore__ static inline Rstd Round(uint64_t mantissa, int32_t exponent, int32_t scale) {
    int32_t field = exponent + scale + kMantissaBits - 1 + 127;
    int32_t drop = kMantissaBits - 24;
    if (field < 1) {  // a subnormal number
      drop += 1 - field;
      field = 1;
    }
    const auto kept = static_cast<uint32_t>((mantissa + (uint64_t{1} << (drop - 1))) >> drop);
    const uint32_t bits = (static_cast<uint32_t>(field - 1) << 23) + kept;
    if (bits >= kInfinity) return {FloatOf(kInfinity), FloatOf(kInfinity)};
    return {FloatOf(bits),
            static_cast<float>(static_cast<int32_t>(kept)) * PowerOfTwo(exponent + drop)};
  }

  uint32_t h_;
  uint32_t root_h_;
  uint64_t eps_digits_;  // H * norm_eps / 2^eps_exponent_
  int32_t eps_exponent_;
  uint32_t least_field_;  // of a float32's exponent
};

}  // namespace combine_kernel
