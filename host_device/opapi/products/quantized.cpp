// SPDX-License-Identifier: Apache-2.0
#include "products/quantized.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/rows.h"

namespace opapi {

Factors FactorsOf(const HostTensorView& view) {
  const bool single = ShapeOf(view).size() == 1;
  const int64_t stride = view.dim_count == 0 ? 0 : view.strides[view.dim_count - 1];
  return {FirstElement(view), view.dtype, single ? 0 : stride * ElementBytes(view)};
}

namespace {

bool IsInt8(const FirstPhase& phase, size_t index) { return phase.tensor(index).dtype == ACL_INT8; }

Verdict CheckInt8Product(const FirstPhase& phase, size_t out, bool scaled) {
  switch (phase.tensor(out).dtype) {
    case ACL_INT32:
      return {};
    case ACL_INT8:
    case ACL_FLOAT16:
    case ACL_BF16:
    case ACL_FLOAT:
      if (scaled) return {};
      return Refuse(op_plan::kParamInvalid, "%s is %s without a scale: give one, or want int32",
                    phase.name(out), DTypeName(phase.tensor(out).dtype));
    default:
      return Refuse(op_plan::kParamInvalid,
                    "%s is %s (%d): want int8, int32, float16, bf16 or float32", phase.name(out),
                    DTypeName(phase.tensor(out).dtype), static_cast<int>(phase.tensor(out).dtype));
  }
}

bool HoldsBits(aclDataType dtype) { return dtype == ACL_INT64 || dtype == ACL_UINT64; }

// Factors [begin, begin + count) as float32.
void LoadFactors(const Factors& factors, int64_t begin, int64_t count, float* to) {
  const uint8_t* const first = factors.data + begin * factors.stride;
  if (!HoldsBits(factors.dtype)) return Load(first, factors.dtype, factors.stride, count, to);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits;
    std::memcpy(&bits, first + i * factors.stride, sizeof(bits));
    const auto low = static_cast<uint32_t>(bits);
    std::memcpy(&to[i], &low, sizeof(low));
  }
}

void StoreRow(const float* values, int64_t count, const ProductTarget& target, uint8_t* to) {
  if (target.dtype != ACL_INT8) {
    return Store(values, count, target.dtype, target.column_stride, to);
  }
  // An int8 result is rounded, and held at the ends of its range.
  for (int64_t i = 0; i < count; ++i) {
    const float rounded = std::nearbyintf(values[i]);
    const float held = std::min(127.0F, std::max(-128.0F, rounded));
    to[i * target.column_stride] = static_cast<uint8_t>(static_cast<int8_t>(held));
  }
}

template <typename Sum>
void Finish(const SumsOfRow<Sum>& sums, const ProductTarget& target) {
  uint8_t* const to =
      target.out + sums.row * target.row_stride + sums.column * target.column_stride;
  const int64_t n = sums.count;
  const bool whole_bias = target.bias.data != nullptr && target.bias.dtype == ACL_INT32;
  if constexpr (std::is_same_v<Sum, int32_t>) {
    if (whole_bias) {
      int64_t bias[kRowElements];
      Load(target.bias.data + sums.column * target.bias.stride, ACL_INT32, target.bias.stride, n,
           bias);
      for (int64_t i = 0; i < n; ++i) {
        sums.values[i] = static_cast<int32_t>(static_cast<uint32_t>(sums.values[i]) +
                                              static_cast<uint32_t>(bias[i]));
      }
    }
    if (target.dtype == ACL_INT32 && target.scale.data == nullptr) {
      int64_t wide[kRowElements];
      std::copy_n(sums.values, n, wide);
      return Store(wide, n, ACL_INT32, target.column_stride, to);
    }
  }
  using Real = std::conditional_t<std::is_same_v<Sum, double>, double, float>;
  Real values[kRowElements];
  float factors[kRowElements];
  for (int64_t i = 0; i < n; ++i) values[i] = static_cast<Real>(sums.values[i]);
  if (target.scale.data != nullptr) {
    LoadFactors(target.scale, sums.column, n, factors);
    for (int64_t i = 0; i < n; ++i) values[i] *= static_cast<Real>(factors[i]);
  }
  if (target.row_scale.data != nullptr) {
    LoadFactors(target.row_scale, sums.row, 1, factors);
    for (int64_t i = 0; i < n; ++i) values[i] *= static_cast<Real>(factors[0]);
  }
  for (const Factors* added : {whole_bias ? nullptr : &target.bias, &target.offset}) {
    if (added == nullptr || added->data == nullptr) continue;
    LoadFactors(*added, sums.column, n, factors);
    for (int64_t i = 0; i < n; ++i) values[i] += static_cast<Real>(factors[i]);
  }
  if constexpr (std::is_same_v<Real, float>) {
    StoreRow(values, n, target, to);
  } else {
    Store(values, n, target.dtype, target.column_stride, to);
  }
}

template <typename Sum>
aclError MultiplyAs(const std::vector<Product>& products, const std::vector<ProductTarget>& targets,
                    HostFailure* failure) {
  return Multiply<Sum>(products.data(), products.size(), failure,
                       [&](const SumsOfRow<Sum>& sums) { Finish(sums, targets[sums.product]); });
}

}  // namespace

Verdict CheckProductDtypes(const FirstPhase& phase, size_t a, size_t b, size_t out, bool scaled,
                           size_t bias) {
  const auto dtype = [&](size_t index) { return phase.tensor(index).dtype; };
  if (IsInt8(phase, a) && IsInt8(phase, b)) {
    OP_PLAN_CHECK(CheckInt8Product(phase, out, scaled));
    if (bias == UINT32_MAX || dtype(bias) == ACL_INT32 || IsFloating(dtype(bias))) return {};
    return Refuse(op_plan::kParamInvalid, "%s is %s: want int32, float16, bf16 or float32",
                  phase.name(bias), DTypeName(dtype(bias)));
  }
  for (const size_t index : {a, b, out}) {
    if (IsFloating(dtype(index))) continue;
    return Refuse(op_plan::kParamInvalid,
                  "%s is %s (%d): want floating numbers in all of %s, %s and %s, or int8 in the "
                  "first two",
                  phase.name(index), DTypeName(dtype(index)), static_cast<int>(dtype(index)),
                  phase.name(a), phase.name(b), phase.name(out));
  }
  if (bias != UINT32_MAX && !IsFloating(dtype(bias))) {
    return Refuse(op_plan::kParamInvalid, "%s is %s: want floating numbers", phase.name(bias),
                  DTypeName(dtype(bias)));
  }
  return {};
}

aclError MultiplyInto(const std::vector<Product>& products,
                      const std::vector<ProductTarget>& targets, HostFailure* failure) {
  if (products.empty()) return ACL_SUCCESS;
  const aclDataType a = products[0].a.dtype;
  const aclDataType b = products[0].b.dtype;
  if (a == ACL_INT8 && b == ACL_INT8) return MultiplyAs<int32_t>(products, targets, failure);
  if (a == ACL_DOUBLE || b == ACL_DOUBLE) return MultiplyAs<double>(products, targets, failure);
  return MultiplyAs<float>(products, targets, failure);
}

}  // namespace opapi
