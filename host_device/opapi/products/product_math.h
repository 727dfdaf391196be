// SPDX-License-Identifier: Apache-2.0
// One product of dense blocks, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace product_math {

// Elements of a row, or where not row_major of a column, lie one after the other.
template <typename T>
struct Block {
  const T* data;
  int64_t stride;  // elements from one row (column) to the next
  bool row_major;
};

struct Size {
  int64_t rows;
  int64_t columns;
  int64_t inner;
};

// c += a * b; c is row-major without gaps.
struct ProductMath {
  const char* isa;
  void (*add_float)(Size size, Block<float> a, Block<float> b, float* c);
  void (*add_double)(Size size, Block<double> a, Block<double> b, double* c);
  void (*add_whole)(Size size, Block<uint64_t> a, Block<uint64_t> b, uint64_t* c);
};

}  // namespace product_math
