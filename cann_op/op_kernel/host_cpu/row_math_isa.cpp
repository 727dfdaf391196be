// SPDX-License-Identifier: Apache-2.0
// Compiled once per instruction set with ROW_MATH_ISA as its name. Everything but the table has
// internal linkage, so that the linker cannot give one instruction set's code to another.
#include <utility>

#include "op_kernel/host_cpu/row_math.h"
#include "op_plan/bf16.h"

namespace row_math {
namespace ROW_MATH_ISA {
namespace {

using op_plan::RoundToBf16;
using op_plan::WidenBf16;
using op_plan::WidenHalf;

template <bool kFirst, size_t... I>
void AddGroup(const Term* terms, float* __restrict acc, uint32_t h, std::index_sequence<I...>) {
  const uint16_t* const rows[] = {terms[I].row...};
  const float weights[] = {terms[I].weight...};
  for (uint32_t j = 0; j < h; ++j) {
    float sum = kFirst ? 0.0f : acc[j];
    ((sum = sum + weights[I] * WidenBf16(rows[I][j])), ...);
    acc[j] = sum;
  }
}

template <bool kFirst>
void AddTerms(const Term* terms, uint32_t count, float* acc, uint32_t h) {
  switch (count) {
    case 1:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<1>());
    case 2:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<2>());
    case 3:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<3>());
    case 4:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<4>());
    case 5:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<5>());
    case 6:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<6>());
    case 7:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<7>());
    case 8:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<8>());
    case 9:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<9>());
    default:
      return AddGroup<kFirst>(terms, acc, h, std::make_index_sequence<kMaxGroup>());
  }
}

void Accumulate(const Term* terms, uint32_t count, bool first, float* acc, uint32_t h) {
  first ? AddTerms<true>(terms, count, acc, h) : AddTerms<false>(terms, count, acc, h);
}

void AccumulateWide(const float* __restrict row, float weight, bool first, float* __restrict acc,
                    uint32_t h) {
  for (uint32_t j = 0; j < h; ++j) acc[j] = (first ? 0.0f : acc[j]) + weight * row[j];
}

template <uint32_t kStep1, uint32_t kStep2>
void ConstRow(const uint16_t* __restrict alpha1, const uint16_t* __restrict x,
              const uint16_t* __restrict alpha2, const uint16_t* __restrict v,
              float* __restrict row, uint32_t h) {
  for (uint32_t j = 0; j < h; ++j) {
    const float scaled_x = WidenBf16(alpha1[j * kStep1]) * WidenBf16(x[j]);
    const float scaled_v = WidenBf16(alpha2[j * kStep2]) * WidenBf16(v[j]);
    row[j] = scaled_x + scaled_v;
  }
}

void ConstExpert(Alpha alpha1, const uint16_t* x, Alpha alpha2, const uint16_t* v, float* row,
                 uint32_t h) {
  const auto fill = alpha1.step == 0 ? (alpha2.step == 0 ? ConstRow<0, 0> : ConstRow<0, 1>)
                                     : (alpha2.step == 0 ? ConstRow<1, 0> : ConstRow<1, 1>);
  fill(alpha1.values, x, alpha2.values, v, row, h);
}

double RoundAndSquare(const float* __restrict acc, uint16_t* __restrict x, uint32_t h) {
  constexpr uint32_t kLanes = 16;
  double lanes[kLanes] = {};
  for (uint32_t j = 0; j < h; j += kLanes) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const double value = acc[j + lane];
      lanes[lane] = lanes[lane] + value * value;
    }
  }
  for (uint32_t j = 0; j < h; ++j) x[j] = RoundToBf16(acc[j]);
  for (uint32_t width = kLanes / 2; width > 0; width /= 2) {
    for (uint32_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

void Normalise(const float* __restrict acc, float rstd, const uint16_t* __restrict gamma,
               uint16_t* __restrict y, uint32_t h) {
  for (uint32_t j = 0; j < h; ++j) {
    const float scaled = WidenBf16(RoundToBf16(acc[j] * rstd));
    y[j] = RoundToBf16(scaled * WidenBf16(gamma[j]));
  }
}

void AddRows(const uint16_t* __restrict a, const uint16_t* __restrict b, uint16_t* __restrict sum,
             uint32_t h) {
  for (uint32_t j = 0; j < h; ++j) sum[j] = RoundToBf16(WidenBf16(a[j]) + WidenBf16(b[j]));
}

constexpr float kMaxInt8 = 127.0f;
constexpr float kNanInt8 = -128.0f;

// rint, held within int8; `nan` for NaN.
float ToInt8(float value, float nan) {
  const float whole = __builtin_rintf(value);
  const float bounded = whole > kMaxInt8 ? kMaxInt8 : whole < -kMaxInt8 ? -kMaxInt8 : whole;
  return bounded == bounded ? bounded : nan;
}

constexpr uint32_t kCommBlock = 8;  // elements of a row that share a scale on the way back

void QuantiseBlocks(const uint16_t* __restrict x, uint8_t* __restrict packed, uint32_t h) {
  auto* const q = reinterpret_cast<int8_t*>(packed);
  auto* const scales = reinterpret_cast<uint16_t*>(packed + h);
  for (uint32_t block = 0; block < h / kCommBlock; ++block) {
    const uint16_t* const from = x + block * kCommBlock;
    float largest = 0.0f;
    for (uint32_t i = 0; i < kCommBlock; ++i) {
      const float size = __builtin_fabsf(WidenBf16(from[i]));
      largest = size > largest ? size : largest;
    }
    scales[block] = RoundToBf16(largest / kMaxInt8);
    const float scale = WidenBf16(scales[block]);
    for (uint32_t i = 0; i < kCommBlock; ++i) {
      const float value = WidenBf16(from[i]);
      // An infinity over the infinite scale that it makes is NaN, but must keep its sign.
      const bool infinite = __builtin_fabsf(value) == __builtin_inff();
      const float ratio = scale > 0.0f ? value / scale : value == value ? 0.0f : value;
      const float code = infinite ? __builtin_copysignf(kMaxInt8, value) : ToInt8(ratio, kNanInt8);
      q[block * kCommBlock + i] = static_cast<int8_t>(static_cast<int32_t>(code));
    }
  }
}

void DequantiseBlocks(const uint8_t* __restrict packed, uint16_t* __restrict x, uint32_t h) {
  const auto* const q = reinterpret_cast<const int8_t*>(packed);
  const auto* const scales = reinterpret_cast<const uint16_t*>(packed + h);
  for (uint32_t block = 0; block < h / kCommBlock; ++block) {
    const float scale = WidenBf16(scales[block]);
    for (uint32_t i = 0; i < kCommBlock; ++i) {
      const float code = q[block * kCommBlock + i];
      const float value = code == 0.0f       ? 0.0f
                          : code == kNanInt8 ? __builtin_nanf("")
                                             : code * scale;
      x[block * kCommBlock + i] = RoundToBf16(value);
    }
  }
}

template <bool kHalf, bool kSmooth>
float Quantise(const uint16_t* __restrict x, const float* __restrict smooth, int8_t* __restrict q,
               uint32_t h) {
  const auto value = [x, smooth](uint32_t j) {
    const float wide = kHalf ? WidenHalf(x[j]) : WidenBf16(x[j]);
    return kSmooth ? wide * smooth[j] : wide;
  };
  constexpr uint32_t kLanes = 32;
  float lanes[kLanes] = {};
  for (uint32_t j = 0; j < h; j += kLanes) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      const float size = __builtin_fabsf(value(j + lane));
      lanes[lane] = size > lanes[lane] ? size : lanes[lane];
    }
  }
  float largest = 0.0f;
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  // A row of zeros divides by 1 instead of by 0.
  const float divisor = largest > 0.0f ? largest : 1.0f;
  for (uint32_t j = 0; j < h; ++j) {
    const float code = ToInt8(value(j) * kMaxInt8 / divisor, 0.0f);
    q[j] = static_cast<int8_t>(static_cast<int32_t>(code));
  }
  return largest / kMaxInt8;
}

float QuantiseRow(const uint16_t* x, bool half, const float* smooth, int8_t* q, uint32_t h) {
  const auto quantise = half ? (smooth == nullptr ? Quantise<true, false> : Quantise<true, true>)
                             : (smooth == nullptr ? Quantise<false, false> : Quantise<false, true>);
  return quantise(x, smooth, q, h);
}

#define ROW_MATH_TEXT_OF(name) #name
#define ROW_MATH_TEXT(name) ROW_MATH_TEXT_OF(name)

}  // namespace

extern const RowMath kRowMath;
const RowMath kRowMath = {ROW_MATH_TEXT(ROW_MATH_ISA),
                          Accumulate,
                          AccumulateWide,
                          ConstExpert,
                          RoundAndSquare,
                          Normalise,
                          AddRows,
                          QuantiseRow,
                          QuantiseBlocks,
                          DequantiseBlocks};

}  // namespace ROW_MATH_ISA
}  // namespace row_math
