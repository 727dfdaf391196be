// SPDX-License-Identifier: Apache-2.0
#include "op_plan/tensor_spec.h"

#include <algorithm>
#include <cinttypes>

namespace op_plan {

const char* DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kBf16:
      return "bfloat16";
    case DType::kFloat16:
      return "float16";
    case DType::kFloat32:
      return "float32";
    case DType::kInt8:
      return "int8";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kBool:
      return "bool";
    case DType::kOther:
      break;
  }
  return "a dtype that the operator does not take";
}

namespace {

std::string DimsText(const int64_t* dims, size_t count) {
  std::string text = "(";
  for (size_t i = 0; i < count; ++i) {
    text += std::to_string(dims[i]);
    text += i + 1 < count ? ", " : count == 1 ? "," : "";
  }
  return text + ")";
}

}  // namespace

std::string ShapeText(const TensorSpec& tensor) { return DimsText(tensor.dims, tensor.dim_count); }

Verdict CheckPresent(const TensorSpec& tensor) {
  if (tensor.present) return {};
  return Refuse(kParamNullptr, "%s is null, but it is required", tensor.name);
}

Verdict CheckDType(const TensorSpec& tensor, DType wanted) {
  if (!tensor.present) return {};
  if (tensor.dtype != wanted) {
    return Refuse(kParamInvalid, "%s must be %s, got %s", tensor.name, DTypeName(wanted),
                  DTypeName(tensor.dtype));
  }
  OP_PLAN_REQUIRE(tensor.plain_format, "%s must have format ND, got a private format", tensor.name);
  return {};
}

Verdict CheckShape(const TensorSpec& tensor, const char* meaning,
                   std::initializer_list<int64_t> wanted) {
  if (!tensor.present) return {};
  if (tensor.dim_count == wanted.size() && std::equal(wanted.begin(), wanted.end(), tensor.dims)) {
    return {};
  }
  return Refuse(kTilingError, "%s must have shape %s = %s, got %s", tensor.name, meaning,
                DimsText(wanted.begin(), wanted.size()).c_str(), ShapeText(tensor).c_str());
}

Verdict CheckDimCount(const TensorSpec& tensor, const char* meaning, uint32_t dim_count) {
  OP_PLAN_REQUIRE(tensor.dim_count == dim_count, "%s must have %u dims %s, got shape %s",
                  tensor.name, dim_count, meaning, ShapeText(tensor).c_str());
  return {};
}

Verdict CheckAtLeast(const TensorSpec& tensor, const char* meaning, int64_t wanted) {
  if (!tensor.present) return {};
  OP_PLAN_REQUIRE(tensor.dim_count == 1 && tensor.dims[0] >= wanted,
                  "%s must be 1D with %s = %" PRId64 " elements, got shape %s", tensor.name,
                  meaning, wanted, ShapeText(tensor).c_str());
  return {};
}

Verdict CheckContiguous(const TensorSpec& tensor) {
  if (!tensor.present) return {};
  int64_t expected = 1;
  for (uint32_t i = tensor.dim_count; i-- > 0;) {
    OP_PLAN_REQUIRE(tensor.dims[i] == 1 || tensor.strides[i] == expected,
                    "%s must be contiguous, got stride %" PRId64 " instead of %" PRId64
                    " in dim %u of shape %s",
                    tensor.name, tensor.strides[i], expected, i, ShapeText(tensor).c_str());
    expected *= tensor.dims[i];
  }
  return {};
}

}  // namespace op_plan
