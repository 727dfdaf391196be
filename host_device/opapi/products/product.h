// SPDX-License-Identifier: Apache-2.0
// Products of matrices of any dtype and strides. Both operands are widened block by block, never as
// a whole; sums are handed over unrounded, row by row.
//
//   Multiply<float>(products, count, failure, [&](const SumsOfRow<float>& sums) { ... store ... });
//
// How a product is cut depends on its size alone, so the result does not depend on the cores.
#pragma once

#include "engine/number.h"

namespace opapi {

struct Matrix {
  const uint8_t* data;
  aclDataType dtype;
  int64_t row_stride;  // bytes
  int64_t column_stride;
};

// a, rows x inner, times b, inner x columns; of a sum of such products, the first.
struct Product {
  int64_t rows;
  int64_t columns;
  int64_t inner;
  Matrix a;
  Matrix b;
  int64_t summands = 1;
  int64_t a_step = 0;  // bytes from a of one summand to that of the next
  int64_t b_step = 0;
};

inline Matrix Transposed(const Matrix& matrix) {
  return {matrix.data, matrix.dtype, matrix.column_stride, matrix.row_stride};
}
inline Product Transposed(const Product& product) {
  return {product.columns,       product.rows,     product.inner,  Transposed(product.b),
          Transposed(product.a), product.summands, product.b_step, product.a_step};
}

// `count` neighbouring elements of a product's row; the visitor may use `values` up.
template <typename Sum>
struct SumsOfRow {
  size_t product;
  int64_t row;
  int64_t column;
  int64_t count;
  Sum* values;
};

template <typename Sum>
using VisitSums = void (*)(const void* state, const SumsOfRow<Sum>& sums);

// Sum is what products are summed in: float, double, int64_t (wraps), or int32_t, for int8 operands
// alone (wraps). Different rows may be visited at the same time.
template <typename Sum>
aclError Multiply(const Product* products, size_t count, HostFailure* failure, VisitSums<Sum> visit,
                  const void* state);

template <typename Sum, typename Visit>
aclError Multiply(const Product* products, size_t count, HostFailure* failure, const Visit& visit) {
  return Multiply<Sum>(
      products, count, failure,
      [](const void* state, const SumsOfRow<Sum>& sums) {
        (*static_cast<const Visit*>(state))(sums);
      },
      &visit);
}

}  // namespace opapi
