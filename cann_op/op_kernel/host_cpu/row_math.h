// SPDX-License-Identifier: Apache-2.0
// The arithmetic of dispatch and combine on rows of H elements, H a multiple of 32. Every
// instruction set gives the same bits: products and sums are rounded separately, and sums over a
// row have a fixed lane order.
#pragma once

#include <cstdint>

namespace row_math {

// One summand of a token: a bf16 row and its weight. Weight 1 adds the row as it is.
struct Term {
  const uint16_t* row;
  float weight;
};

// Terms that one pass over a row adds, their sum in registers: K = 8, shared_expert_x and residual_x.
constexpr uint32_t kMaxGroup = 10;

// A bf16 factor per expert (step 0) or per element (step 1).
struct Alpha {
  const uint16_t* values;
  uint32_t step;
};

struct RowMath {
  const char* isa;
  // acc = (first ? 0 : acc) + weight * row, term by term in the order given; count up to kMaxGroup.
  void (*accumulate)(const Term* terms, uint32_t count, bool first, float* acc, uint32_t h);
  // The same for one float32 row.
  void (*accumulate_wide)(const float* row, float weight, bool first, float* acc, uint32_t h);
  // row = alpha1 * x + alpha2 * v, in float32.
  void (*const_expert)(Alpha alpha1, const uint16_t* x, Alpha alpha2, const uint16_t* v, float* row,
                       uint32_t h);
  // x = bf16(acc); returns the sum of acc squared, in float64.
  double (*round_and_square)(const float* acc, uint16_t* x, uint32_t h);
  // y = bf16(f32(bf16(acc * rstd)) * f32(gamma)).
  void (*normalise)(const float* acc, float rstd, const uint16_t* gamma, uint16_t* y, uint32_t h);
  // sum = bf16(f32(a) + f32(b)).
  void (*add_rows)(const uint16_t* a, const uint16_t* b, uint16_t* sum, uint32_t h);
  // v = f32(x) * smooth (null: f32(x)); q = rint(v * 127 / max|v|); returns max|v| / 127. Zeros
  // stay 0.
  // x is float16 where `half`, else bfloat16.
  float (*quantise)(const uint16_t* x, bool half, const float* smooth, int8_t* q, uint32_t h);
  // Blocks of 8 elements: scale = bf16(max|block| / 127), q = rint(x / scale). NaN travels as -128;
  // an infinity keeps its sign and makes its finite neighbours 0. `packed` is H bytes of q, then H
  // / 8 scales.
  void (*quantise_blocks)(const uint16_t* x, uint8_t* packed, uint32_t h);
  // x = bf16(q * scale), 0 for q = 0 whatever the scale.
  void (*dequantise_blocks)(const uint8_t* packed, uint16_t* x, uint32_t h);
};

// The best that this CPU runs; ACLNN_MOE_HOST_ISA=baseline|avx2|avx512 asks for another.
const RowMath& BestRowMath();

}  // namespace row_math
