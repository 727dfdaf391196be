// SPDX-License-Identifier: Apache-2.0
#include "engine/axes.h"

#include <algorithm>

namespace opapi {

using op_plan::kParamInvalid;

Verdict ReadAxis(const char* name, int64_t value, uint32_t dim_count, uint32_t* axis) {
  const int64_t dims = std::max<int64_t>(dim_count, 1);
  if (value < -dims || value >= dims) {
    return Refuse(kParamInvalid, "%s is %lld: want %lld to %lld", name,
                  static_cast<long long>(value), static_cast<long long>(-dims),
                  static_cast<long long>(dims - 1));
  }
  *axis = static_cast<uint32_t>(value < 0 ? value + dims : value);
  return {};
}

Axes AllAxes(uint32_t dim_count) { return (Axes{1} << dim_count) - 1; }

Verdict ReadAxes(const char* name, const aclIntArray* array, uint32_t dim_count, Axes* axes) {
  std::vector<int64_t> values;
  OP_PLAN_CHECK(ReadIntArray(name, array, &values));
  *axes = values.empty() ? AllAxes(dim_count) : 0;
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t axis = 0;
    OP_PLAN_CHECK(ReadAxis((std::string(name) + "[" + std::to_string(i) + "]").c_str(), values[i],
                           dim_count, &axis));
    if ((*axes >> axis & 1) != 0) {
      return Refuse(kParamInvalid, "%s names dimension %u twice", name, axis);
    }
    *axes |= Axes{1} << axis;
  }
  return {};
}

Shape Reduced(const Shape& shape, Axes axes, bool keep) {
  Shape reduced;
  for (uint32_t d = 0; d < shape.dim_count; ++d) {
    const bool gone = (axes >> d & 1) != 0;
    if (!gone || keep) reduced.dims[reduced.dim_count++] = gone ? 1 : shape.dims[d];
  }
  return reduced;
}

Verdict CheckShape(const FirstPhase& phase, size_t index, const Shape& wanted) {
  if (!phase.tensor(index).present) return {};
  const Shape shape = ShapeOf(phase.tensor(index));
  if (shape == wanted) return {};
  return Refuse(kParamInvalid, "%s has shape %s: want %s", phase.name(index),
                ShapeText(shape).c_str(), ShapeText(wanted).c_str());
}

Verdict CheckDType(const FirstPhase& phase, size_t index, aclDataType wanted) {
  if (!phase.tensor(index).present) return {};
  const aclDataType dtype = phase.tensor(index).dtype;
  if (dtype == wanted) return {};
  return Refuse(kParamInvalid, "%s is %s: want %s", phase.name(index), DTypeName(dtype),
                DTypeName(wanted));
}

Verdict CheckSameDType(const FirstPhase& phase, size_t first, size_t second) {
  const aclDataType one = phase.tensor(first).dtype;
  const aclDataType other = phase.tensor(second).dtype;
  if (one == other) return {};
  return Refuse(kParamInvalid, "%s is %s, but %s is %s: want one dtype", phase.name(first),
                DTypeName(one), phase.name(second), DTypeName(other));
}

Verdict CheckFloating(const FirstPhase& phase, size_t index) {
  const aclDataType dtype = phase.tensor(index).dtype;
  if (IsFloating(dtype)) return {};
  return Refuse(kParamInvalid, "%s is %s: want float16, bf16, float32 or float64",
                phase.name(index), DTypeName(dtype));
}

Verdict CheckNotEmpty(const FirstPhase& phase, Axes axes) {
  const HostTensorView& self = phase.tensor(0);
  const Shape shape = ShapeOf(self);
  bool empty = false;
  for (uint32_t d = 0; d < self.dim_count; ++d) {
    empty = empty || ((axes >> d & 1) != 0 && self.dims[d] == 0);
  }
  if (!empty || Reduced(shape, axes, false).size() == 0) return {};
  return Refuse(kParamInvalid,
                "%s has shape %s: a result over a dimension without elements does not exist",
                phase.name(0), ShapeText(shape).c_str());
}

Verdict CheckWholeBytes(const FirstPhase& phase, size_t index) {
  if (ElementBytes(phase.tensor(index)) > 0) return {};
  return Refuse(kParamInvalid, "%s is %s: want a dtype of whole bytes", phase.name(index),
                DTypeName(phase.tensor(index).dtype));
}

bool IsContiguous(const HostTensorView& view) {
  int64_t step = 1;
  for (uint32_t d = view.dim_count; d-- > 0;) {
    if (view.dims[d] != 1 && view.strides[d] != step) return false;
    step *= view.dims[d];
  }
  return true;
}

Verdict CheckContiguous(const FirstPhase& phase, size_t index) {
  if (IsContiguous(phase.tensor(index))) return {};
  return Refuse(kParamInvalid, "%s is not contiguous", phase.name(index));
}

Verdict CheckIndexDType(const FirstPhase& phase, size_t index) {
  if (!phase.tensor(index).present) return {};
  const aclDataType dtype = phase.tensor(index).dtype;
  if (dtype == ACL_INT64 || dtype == ACL_INT32) return {};
  return Refuse(kParamInvalid, "%s is %s: want int32 or int64", phase.name(index),
                DTypeName(dtype));
}

HostTensorView Narrow(const HostTensorView& view, uint32_t axis, int64_t first, int64_t count) {
  HostTensorView part = view;
  part.dims[axis] = count;
  part.offset += first * view.strides[axis];
  return part;
}

HostTensorView Select(const HostTensorView& view, uint32_t axis, int64_t index) {
  HostTensorView part = view;
  part.offset += index * view.strides[axis];
  --part.dim_count;
  for (uint32_t d = axis; d < part.dim_count; ++d) {
    part.dims[d] = view.dims[d + 1];
    part.strides[d] = view.strides[d + 1];
  }
  return part;
}

HostTensorView Expand(const HostTensorView& view, const Shape& shape) {
  HostTensorView wide = view;
  wide.dim_count = shape.dim_count;
  const uint32_t missing = shape.dim_count - view.dim_count;
  for (uint32_t d = 0; d < shape.dim_count; ++d) {
    wide.dims[d] = shape.dims[d];
    const bool repeated = d < missing || (view.dims[d - missing] == 1 && shape.dims[d] != 1);
    wide.strides[d] = repeated ? 0 : view.strides[d - missing];
  }
  return wide;
}

}  // namespace opapi
