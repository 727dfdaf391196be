// SPDX-License-Identifier: Apache-2.0
#include "engine/shape_check.h"

#include <algorithm>

namespace opapi {

using op_plan::kParamInvalid;

Verdict CheckSize(const FirstPhase& phase, size_t index, int64_t size) {
  const HostTensorView& view = phase.tensor(index);
  if (!view.present || ShapeOf(view).size() == size) return {};
  return Refuse(kParamInvalid, "%s has shape %s: want %lld elements", phase.name(index),
                ShapeText(ShapeOf(view)).c_str(), static_cast<long long>(size));
}

Verdict CheckDims(const FirstPhase& phase, size_t index, uint32_t dim_count) {
  const HostTensorView& view = phase.tensor(index);
  if (view.dim_count == dim_count) return {};
  return Refuse(kParamInvalid, "%s has shape %s: want %u dimensions", phase.name(index),
                ShapeText(ShapeOf(view)).c_str(), dim_count);
}

Verdict CheckAbsent(const char* name, const aclTensor* tensor) {
  HostTensorView view;
  if (HostTensorRead(tensor, &view) != OK) {
    return Refuse(kParamInvalid, "%s is not a living aclTensor", name);
  }
  if (!view.present || ShapeOf(view).size() == 0) return {};
  return Refuse(kParamInvalid, "%s is given: the host device does not use it, leave it out", name);
}

Verdict CheckAbsent(const char* name, const aclTensorList* list) {
  const aclTensor* const* tensors = nullptr;
  uint64_t size = 0;
  if (HostTensorListRead(list, &tensors, &size) != OK) {
    return Refuse(kParamInvalid, "%s is not a living aclTensorList", name);
  }
  for (uint64_t i = 0; i < size; ++i) OP_PLAN_CHECK(CheckAbsent(name, tensors[i]));
  return {};
}

Verdict CheckRange(const char* name, int64_t value, int64_t first, int64_t last) {
  if (first <= value && value <= last) return {};
  if (first == last) {
    return Refuse(kParamInvalid, "%s is %lld: the host device does %lld alone", name,
                  static_cast<long long>(value), static_cast<long long>(first));
  }
  return Refuse(kParamInvalid, "%s is %lld: want %lld to %lld", name, static_cast<long long>(value),
                static_cast<long long>(first), static_cast<long long>(last));
}

Shape ShapeFrom(std::initializer_list<int64_t> dims) {
  Shape shape;
  shape.dim_count = static_cast<uint32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), shape.dims);
  return shape;
}

}  // namespace opapi
