// SPDX-License-Identifier: Apache-2.0
// A tensor as the checks see it: dtype, dims, strides. The data is not looked at here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "op_plan/refusal.h"

namespace op_plan {

enum class DType { kBf16, kFloat16, kFloat32, kInt8, kInt32, kInt64, kBool, kOther };
const char* DTypeName(DType dtype);

struct TensorSpec {
  static constexpr uint32_t kMaxDims = 8;
  const char* name;
  bool present;
  DType dtype;
  bool plain_format;  // ND or a format with the same memory layout
  uint32_t dim_count;
  int64_t dims[kMaxDims];
  int64_t strides[kMaxDims];  // elements
};

std::string ShapeText(const TensorSpec& tensor);

// 161001 unless the tensor is there.
Verdict CheckPresent(const TensorSpec& tensor);
// 161002 when the tensor is there with another dtype, 561002 for a private format.
Verdict CheckDType(const TensorSpec& tensor, DType wanted);
// 561002 unless the shape is `wanted`; `meaning` names its dims, e.g. "(BS, K)".
Verdict CheckShape(const TensorSpec& tensor, const char* meaning,
                   std::initializer_list<int64_t> wanted);
// 561002 unless the tensor has `dim_count` dims.
Verdict CheckDimCount(const TensorSpec& tensor, const char* meaning, uint32_t dim_count);
// 561002 unless the tensor is 1D with at least `wanted` elements; `meaning` is the formula.
Verdict CheckAtLeast(const TensorSpec& tensor, const char* meaning, int64_t wanted);
// 561002 unless the elements follow one another without gaps.
Verdict CheckContiguous(const TensorSpec& tensor);

}  // namespace op_plan
