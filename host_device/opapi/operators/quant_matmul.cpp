// SPDX-License-Identifier: Apache-2.0
// out = (x1 x2 + bias) * x2Scale * x1Scale + x2Offset, x1 and x2 int8.
#include "aclnnop/aclnn_quant_matmul_v4.h"
#include "aclnnop/aclnn_quant_matmul_v5.h"
#include "engine/shape_check.h"
#include "products/quantized.h"

namespace {

using opapi::FirstPhase;
using opapi::Product;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Verdict;

struct Tensors {
  const aclTensor* x1;
  const aclTensor* x2;
  const aclTensor* x1_scale;  // per token
  const aclTensor* x2_scale;  // per channel
  const aclTensor* x2_offset;
  const aclTensor* bias;
  bool transpose_x1;
  bool transpose_x2;
  const aclTensor* out;
};

struct Names {
  const char* x1_scale;
  const char* x2_scale;
  const char* x2_offset;
};

enum Place : size_t { kX1, kX2, kX1Scale, kX2Scale, kX2Offset, kBias, kOut };

HostTensorView Turned(HostTensorView view, bool transpose) {
  if (transpose) {
    std::swap(view.dims[view.dim_count - 1], view.dims[view.dim_count - 2]);
    std::swap(view.strides[view.dim_count - 1], view.strides[view.dim_count - 2]);
  }
  return view;
}

int64_t DimFromLast(const HostTensorView& view, uint32_t from_last) {
  return from_last > view.dim_count ? 1 : view.dims[view.dim_count - from_last];
}

// Bytes; 0 for what is broadcast.
int64_t StrideFromLast(const HostTensorView& view, uint32_t from_last) {
  if (from_last > view.dim_count || DimFromLast(view, from_last) == 1) return 0;
  return view.strides[view.dim_count - from_last] * opapi::ElementBytes(view);
}

struct Transposes {
  bool x1;
  bool x2;
};

aclError Run(const HostLaunch& launch, Transposes transposes, HostFailure* failure) {
  const HostTensorView x1 = Turned(launch.tensors[kX1], transposes.x1);
  const HostTensorView x2 = Turned(launch.tensors[kX2], transposes.x2);
  const HostTensorView& out = launch.tensors[kOut];
  const Product first{
      DimFromLast(x1, 2),
      DimFromLast(x2, 1),
      DimFromLast(x1, 1),
      {opapi::FirstElement(x1), x1.dtype, StrideFromLast(x1, 2), StrideFromLast(x1, 1)},
      {opapi::FirstElement(x2), x2.dtype, StrideFromLast(x2, 2), StrideFromLast(x2, 1)}};
  opapi::ProductTarget target{};
  target.out = opapi::FirstElement(out);
  target.dtype = out.dtype;
  target.row_stride = StrideFromLast(out, 2);
  target.column_stride = StrideFromLast(out, 1);
  const auto factors = [&](Place place) {
    const HostTensorView& view = launch.tensors[place];
    return view.present ? opapi::FactorsOf(view) : opapi::Factors{};
  };
  target.row_scale = factors(kX1Scale);
  target.scale = factors(kX2Scale);
  target.offset = factors(kX2Offset);
  target.bias = factors(kBias);
  int64_t batch = 1;
  for (uint32_t dim = 3; dim <= out.dim_count; ++dim) batch *= DimFromLast(out, dim);
  std::vector<Product> products;
  std::vector<opapi::ProductTarget> targets;
  for (int64_t i = 0; i < batch; ++i) {
    Product product = first;
    opapi::ProductTarget part = target;
    int64_t rest = i;
    for (uint32_t dim = 3; dim <= out.dim_count; ++dim) {
      const int64_t index = rest % DimFromLast(out, dim);
      rest /= DimFromLast(out, dim);
      product.a.data += index * StrideFromLast(x1, dim);
      product.b.data += index * StrideFromLast(x2, dim);
      part.out += index * StrideFromLast(out, dim);
    }
    products.push_back(product);
    targets.push_back(part);
  }
  return opapi::MultiplyInto(products, targets, failure);
}

Verdict CheckInt8(const FirstPhase& phase, size_t index) {
  if (phase.tensor(index).dtype == ACL_INT8) return {};
  return Refuse(op_plan::kParamInvalid, "%s is %s (%d): the host device takes int8 alone",
                phase.name(index), opapi::DTypeName(phase.tensor(index).dtype),
                static_cast<int>(phase.tensor(index).dtype));
}

// Floating numbers, or where `bits`, such in the lower half of 64 bits; one, or one for each of n.
Verdict CheckFactors(const FirstPhase& phase, size_t index, int64_t n, bool bits) {
  const HostTensorView& view = phase.tensor(index);
  if (!view.present) return {};
  const bool holds_bits = view.dtype == ACL_INT64 || view.dtype == ACL_UINT64;
  const bool dtype_fits = opapi::IsFloating(view.dtype) || (bits && holds_bits) ||
                          (index == kBias && view.dtype == ACL_INT32);
  if (!dtype_fits || view.dtype == ACL_DOUBLE) {
    return Refuse(op_plan::kParamInvalid, "%s is %s (%d), which scales or adds nothing here",
                  phase.name(index), opapi::DTypeName(view.dtype), static_cast<int>(view.dtype));
  }
  const int64_t size = ShapeOf(view).size();
  if (size == n || size == 1) {
    const bool flat = view.dim_count == 0 || size == 1 || DimFromLast(view, 1) == size;
    if (flat) return {};
  }
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want (1,) or (%lld,)", phase.name(index),
                ShapeText(ShapeOf(view)).c_str(), static_cast<long long>(n));
}

Verdict Prepare(FirstPhase& phase, const Tensors& tensors, const Names& names) {
  OP_PLAN_CHECK(phase.Input("x1", tensors.x1));
  OP_PLAN_CHECK(phase.Input("x2", tensors.x2));
  OP_PLAN_CHECK(phase.OptionalInput(names.x1_scale, tensors.x1_scale));
  OP_PLAN_CHECK(phase.Input(names.x2_scale, tensors.x2_scale));
  OP_PLAN_CHECK(phase.OptionalInput(names.x2_offset, tensors.x2_offset));
  OP_PLAN_CHECK(phase.OptionalInput("bias", tensors.bias));
  OP_PLAN_CHECK(phase.Output("out", tensors.out));
  for (const size_t x : {size_t{kX1}, size_t{kX2}}) {
    OP_PLAN_CHECK(CheckInt8(phase, x));
    OP_PLAN_CHECK(opapi::CheckPlainFormat(phase, x));
    if (phase.tensor(x).dim_count >= 2) continue;
    return Refuse(op_plan::kParamInvalid, "%s has shape %s: want 2 or more dimensions",
                  phase.name(x), ShapeText(ShapeOf(phase.tensor(x))).c_str());
  }
  const HostTensorView x1 = Turned(phase.tensor(kX1), tensors.transpose_x1);
  const HostTensorView x2 = Turned(phase.tensor(kX2), tensors.transpose_x2);
  Shape out = ShapeOf(x1);
  out.dim_count -= 2;
  Shape other = ShapeOf(x2);
  other.dim_count -= 2;
  if (DimFromLast(x1, 1) != DimFromLast(x2, 2) || !opapi::Broadcast(other, &out)) {
    return Refuse(op_plan::kParamInvalid,
                  "x1 has shape %s and x2 has shape %s: they do not multiply",
                  ShapeText(ShapeOf(x1)).c_str(), ShapeText(ShapeOf(x2)).c_str());
  }
  const int64_t rows = DimFromLast(x1, 2);
  const int64_t columns = DimFromLast(x2, 1);
  out.dims[out.dim_count++] = rows;
  out.dims[out.dim_count++] = columns;
  OP_PLAN_CHECK(opapi::CheckShape(phase, kOut, out));
  OP_PLAN_CHECK(opapi::CheckProductDtypes(phase, kX1, kX2, kOut, true, UINT32_MAX));
  OP_PLAN_CHECK(CheckFactors(phase, kX1Scale, rows, false));
  OP_PLAN_CHECK(CheckFactors(phase, kX2Scale, columns, true));
  OP_PLAN_CHECK(CheckFactors(phase, kX2Offset, columns, false));
  OP_PLAN_CHECK(CheckFactors(phase, kBias, columns, false));
  const Transposes transposes{tensors.transpose_x1, tensors.transpose_x2};
  return phase.Bind([transposes](const HostLaunch& launch, HostFailure* failure) {
    return Run(launch, transposes, failure);
  });
}

}  // namespace

aclnnStatus aclnnQuantMatmulV4GetWorkspaceSize(const aclTensor* x1, const aclTensor* x2,
                                               const aclTensor* scale, const aclTensor* offset,
                                               const aclTensor* pertokenScaleOptional,
                                               const aclTensor* bias, bool transposeX1,
                                               bool transposeX2, const aclTensor* out,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnQuantMatmulV4", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return Prepare(
        phase, {x1, x2, pertokenScaleOptional, scale, offset, bias, transposeX1, transposeX2, out},
        {"pertokenScaleOptional", "scale", "offset"});
  });
}
ACLNN_SECOND_PHASE(aclnnQuantMatmulV4)

aclnnStatus aclnnQuantMatmulV5GetWorkspaceSize(const aclTensor* x1, const aclTensor* x2,
                                               const aclTensor* x1Scale, const aclTensor* x2Scale,
                                               const aclTensor* yScale, const aclTensor* x1Offset,
                                               const aclTensor* x2Offset, const aclTensor* yOffset,
                                               const aclTensor* bias, bool transposeX1,
                                               bool transposeX2, int64_t groupSize, aclTensor* out,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnQuantMatmulV5", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckAbsent("yScale", yScale));
    OP_PLAN_CHECK(opapi::CheckAbsent("x1Offset", x1Offset));
    OP_PLAN_CHECK(opapi::CheckAbsent("yOffset", yOffset));
    OP_PLAN_CHECK(opapi::CheckRange("groupSize", groupSize, 0, 0));
    return Prepare(phase, {x1, x2, x1Scale, x2Scale, x2Offset, bias, transposeX1, transposeX2, out},
                   {"x1Scale", "x2Scale", "x2Offset"});
  });
}
ACLNN_SECOND_PHASE(aclnnQuantMatmulV5)
