// SPDX-License-Identifier: Apache-2.0
#include "engine/elementwise.h"

namespace opapi {

Verdict CheckElementwise(const FirstPhase& phase, Numbers numbers) {
  const size_t out = phase.tensor_count() - 1;
  Shape shape;
  for (size_t i = 0; i < out; ++i) {
    OP_PLAN_CHECK(CheckNumbers(phase, i, numbers));
    const Shape before = shape;
    if (!Broadcast(ShapeOf(phase.tensor(i)), &shape)) {
      return Refuse(op_plan::kParamInvalid,
                    "%s has shape %s, which does not broadcast with %s of %s", phase.name(i),
                    ShapeText(ShapeOf(phase.tensor(i))).c_str(), ShapeText(before).c_str(),
                    i == 1 ? phase.name(0) : "the inputs before it");
    }
  }
  // A result may be real where the inputs are whole, and the other way round.
  OP_PLAN_CHECK(CheckNumbers(phase, out, Numbers::kReal));
  const Shape result = ShapeOf(phase.tensor(out));
  // Without inputs, and in place, out is as large as it likes, as long as the inputs fit into it.
  Shape widened = shape;
  if (!Broadcast(result, &widened) || !(widened == result) || (out > 0 && !(shape == result))) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %s", phase.name(out),
                  ShapeText(result).c_str(), ShapeText(shape).c_str());
  }
  return {};
}

HostScalarView Converted(const HostScalarView& scalar, ScalarUse use, aclDataType dtype) {
  const bool promoted = IsFloating(dtype) || (dtype != ACL_BOOL && !IsFloating(scalar.dtype)) ||
                        scalar.dtype == dtype;
  if (use == ScalarUse::kAsGiven || (use == ScalarUse::kPromoted && !promoted)) return scalar;
  HostScalarView converted = scalar;
  uint8_t element[sizeof(double)];
  if (IsFloating(dtype)) {
    Store(&scalar.real, 1, dtype, 0, element);
  } else {
    Store(&scalar.integer, 1, dtype, 0, element);
  }
  Load(element, dtype, 0, 1, &converted.real);
  Load(element, dtype, 0, 1, &converted.integer);
  converted.dtype = dtype;
  return converted;
}

Compute ComputeElementwise(const HostLaunch& launch, const HostScalarView* scalars, size_t count,
                           Numbers numbers) {
  aclDataType dtypes[HostTensorView::kMaxDims * 2];
  size_t used = 0;
  const uint32_t inputs = launch.tensor_count - 1;
  bool floating_dims = false;
  for (uint32_t i = 0; i < inputs; ++i) {
    floating_dims |= launch.tensors[i].dim_count > 0 && IsFloating(launch.tensors[i].dtype);
  }
  for (uint32_t i = 0; i < inputs; ++i) {
    const bool yields = floating_dims && launch.tensors[i].dim_count == 0;
    if (!yields) dtypes[used++] = launch.tensors[i].dtype;
  }
  if (launch.tensors[inputs].dtype != ACL_BOOL) dtypes[used++] = launch.tensors[inputs].dtype;
  for (size_t i = 0; i < count; ++i) {
    // A Python float comes as float64, which is no wish to compute in it.
    if (IsFloating(scalars[i].dtype)) dtypes[used++] = ACL_FLOAT;
  }
  return ComputeOf(dtypes, used, numbers);
}

}  // namespace opapi
