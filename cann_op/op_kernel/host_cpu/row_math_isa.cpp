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

constexpr uint32_t kGroup = 8;     // terms added in one pass: their sum stays in registers
constexpr uint32_t kBlock = 1024;  // elements whose float32 sums stay in the first-level cache

template <bool kFirst, size_t... I>
void AddGroup(const Term* terms, float* __restrict acc, uint32_t begin, uint32_t end,
              std::index_sequence<I...>) {
  const uint16_t* const rows[] = {terms[I].row...};
  const float weights[] = {terms[I].weight...};
  for (uint32_t j = begin; j < end; ++j) {
    float sum = kFirst ? 0.0f : acc[j];
    ((sum = sum + weights[I] * WidenBf16(rows[I][j])), ...);
    acc[j] = sum;
  }
}

template <bool kFirst>
void AddUpToGroup(const Term* terms, uint32_t count, float* acc, uint32_t begin, uint32_t end) {
  switch (count) {
    case 1:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<1>());
    case 2:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<2>());
    case 3:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<3>());
    case 4:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<4>());
    case 5:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<5>());
    case 6:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<6>());
    case 7:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<7>());
    default:
      return AddGroup<kFirst>(terms, acc, begin, end, std::make_index_sequence<kGroup>());
  }
}

void Accumulate(const Term* terms, uint32_t count, float* acc, uint32_t h) {
  for (uint32_t begin = 0; begin < h; begin += kBlock) {
    const uint32_t end = begin + kBlock < h ? begin + kBlock : h;
    uint32_t done = count < kGroup ? count : kGroup;
    AddUpToGroup<true>(terms, done, acc, begin, end);
    while (done < count) {
      const uint32_t group = count - done < kGroup ? count - done : kGroup;
      AddUpToGroup<false>(terms + done, group, acc, begin, end);
      done += group;
    }
  }
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

template <bool kSmooth>
float Quantise(const uint16_t* __restrict x, const float* __restrict smooth, int8_t* __restrict q,
               uint32_t h) {
  constexpr float kMaxInt8 = 127.0f;
  const auto value = [x, smooth](uint32_t j) {
    return kSmooth ? WidenBf16(x[j]) * smooth[j] : WidenBf16(x[j]);
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
    const float scaled = __builtin_rintf(value(j) * kMaxInt8 / divisor);
    const float bounded = scaled > kMaxInt8 ? kMaxInt8 : scaled < -kMaxInt8 ? -kMaxInt8 : scaled;
    q[j] = static_cast<int8_t>(static_cast<int32_t>(bounded == bounded ? bounded : 0.0f));
  }
  return largest / kMaxInt8;
}

float QuantiseRow(const uint16_t* x, const float* smooth, int8_t* q, uint32_t h) {
  return smooth == nullptr ? Quantise<false>(x, smooth, q, h) : Quantise<true>(x, smooth, q, h);
}

#define ROW_MATH_TEXT_OF(name) #name
#define ROW_MATH_TEXT(name) ROW_MATH_TEXT_OF(name)

}  // namespace

extern const RowMath kRowMath;
const RowMath kRowMath = {ROW_MATH_TEXT(ROW_MATH_ISA), Accumulate, RoundAndSquare, Normalise,
                          QuantiseRow};

}  // namespace ROW_MATH_ISA
}  // namespace row_math
