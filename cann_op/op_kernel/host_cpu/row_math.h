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

struct RowMath {
  const char* isa;
  // acc = 0 + weight * row, term by term in the order given.
  void (*accumulate)(const Term* terms, uint32_t count, float* acc, uint32_t h);
  // x = bf16(acc); returns the sum of acc squared, in float64.
  double (*round_and_square)(const float* acc, uint16_t* x, uint32_t h);
  // y = bf16(f32(bf16(acc * rstd)) * f32(gamma)).
  void (*normalise)(const float* acc, float rstd, const uint16_t* gamma, uint16_t* y, uint32_t h);
  // v = f32(x) * smooth (null: f32(x)); q = rint(v * 127 / max|v|); returns max|v| / 127. Zeros
  // stay 0.
  float (*quantise)(const uint16_t* x, const float* smooth, int8_t* q, uint32_t h);
};

// The best that this CPU runs; ACLNN_MOE_HOST_ISA=baseline|avx2|avx512 asks for another.
const RowMath& BestRowMath();

}  // namespace row_math
