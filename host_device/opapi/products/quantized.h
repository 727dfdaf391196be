// SPDX-License-Identifier: Apache-2.0
// Products whose result is scaled, per column and per row, and added to, before it is rounded:
//
//   out = (a b + bias) * scale * row_scale    with an int32 bias of int8 operands
//   out = a b * scale * row_scale + bias      with a floating one
#pragma once

#include <vector>

#include "products/product.h"

namespace opapi {

// One number per column or row, or the same for all (stride 0); data null: none. int64 and uint64
// hold the bits of a float32 in their lower half.
struct Factors {
  const uint8_t* data;
  aclDataType dtype;
  int64_t stride;  // bytes
};

// Of a vector, or of a tensor with one element.
Factors FactorsOf(const HostTensorView& view);

struct ProductTarget {
  uint8_t* out;
  aclDataType dtype;
  int64_t row_stride;
  int64_t column_stride;
  Factors bias;
  Factors scale;
  Factors offset;  // per column, added last
  Factors row_scale;
};

// What a, b, out and bias (UINT32_MAX: none) may be together. int8 with int8 needs a scale, unless
// the result is int32.
Verdict CheckProductDtypes(const FirstPhase& phase, size_t a, size_t b, size_t out, bool scaled,
                           size_t bias);

// Targets in the order of the products; all products have operands of the same dtypes.
aclError MultiplyInto(const std::vector<Product>& products,
                      const std::vector<ProductTarget>& targets, HostFailure* failure);

}  // namespace opapi
