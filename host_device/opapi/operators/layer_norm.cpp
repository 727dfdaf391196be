// SPDX-License-Identifier: Apache-2.0
// y = (x - mean) * rstd * weight + bias with rstd = 1 / sqrt(variance + eps): over the last
// dimensions (layer norm) or over groups of channels (group norm).
#include <algorithm>
#include <cmath>

#include "aclnnop/aclnn_fast_layer_norm.h"
#include "aclnnop/aclnn_group_norm.h"
#include "aclnnop/aclnn_layer_norm.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Vectors;
using opapi::Verdict;

// input, weight, bias; out, mean, rstd.
constexpr uint32_t kInput = 0;
constexpr uint32_t kWeight = 1;
constexpr uint32_t kBias = 2;
constexpr uint32_t kOut = 3;
constexpr uint32_t kMean = 4;
constexpr uint32_t kRstd = 5;

struct Formula {
  double eps;
  uint32_t first_dim;  // of those that are normalised
  int64_t groups;      // 0: layer norm
};

template <typename T>
std::vector<T> AllOf(const HostTensorView& view, int64_t count, T absent) {
  std::vector<T> values(static_cast<size_t>(count), absent);
  if (view.present) Vectors(view, 0).Load(0, values.data());
  return values;
}

// Dimension 1, the channels, as (groups, channels of a group).
HostTensorView InGroups(HostTensorView view, int64_t groups) {
  std::copy_backward(view.dims + 1, view.dims + view.dim_count, view.dims + view.dim_count + 1);
  std::copy_backward(view.strides + 1, view.strides + view.dim_count,
                     view.strides + view.dim_count + 1);
  ++view.dim_count;
  view.dims[1] = groups;
  view.dims[2] = view.dims[2] / groups;
  view.strides[1] = view.strides[2] * view.dims[2];
  return view;
}

template <typename T>
aclError Normalise(const HostLaunch& launch, const Formula& formula, HostFailure* failure) {
  HostTensorView x = launch.tensors[kInput];
  HostTensorView y = launch.tensors[kOut];
  int64_t parameters = 1;
  for (uint32_t i = formula.first_dim; i < x.dim_count; ++i) parameters *= x.dims[i];
  if (formula.groups > 0) {
    parameters = x.dims[1];
    x = InGroups(x, formula.groups);
    y = InGroups(y, formula.groups);
  }
  const Vectors in(x, formula.first_dim);
  const Vectors out(y, formula.first_dim);
  const int64_t n = in.length();
  // Elements in a row that share a weight, and vectors after which the weights begin anew.
  const int64_t share = formula.groups > 0 ? n / std::max<int64_t>(1, x.dims[2]) : 1;
  const int64_t period = formula.groups > 0 ? formula.groups : 1;
  const std::vector<T> weight = AllOf(launch.tensors[kWeight], parameters, T{1});
  const std::vector<T> bias = AllOf(launch.tensors[kBias], parameters, T{0});
  return opapi::ForEachVector<T>(in.count(), n, n, failure, [&](int64_t index, T* values) {
    in.Load(index, values);
    const double mean =
        opapi::SumOf(n, [&](int64_t i) { return values[i]; }) / static_cast<double>(n);
    const double square = opapi::SumOf(n, [&](int64_t i) {
      const double distance = static_cast<double>(values[i]) - mean;
      return distance * distance;
    });
    const auto rstd = static_cast<T>(1 / std::sqrt(square / static_cast<double>(n) + formula.eps));
    const auto middle = static_cast<T>(mean);
    const int64_t first = index % period * (parameters / period);
    if (share == 1) {
      const T* const factors = weight.data() + first;
      const T* const summands = bias.data() + first;
      for (int64_t i = 0; i < n; ++i) {
        values[i] = (values[i] - middle) * rstd * factors[i] + summands[i];
      }
    } else {
      for (int64_t i = 0; i < n; ++i) {
        const auto parameter = static_cast<size_t>(first + i / share);
        values[i] = (values[i] - middle) * rstd * weight[parameter] + bias[parameter];
      }
    }
    out.Store(values, index);
    if (launch.tensors[kMean].present)
      Vectors(launch.tensors[kMean], launch.tensors[kMean].dim_count).Store(&middle, index);
    if (launch.tensors[kRstd].present)
      Vectors(launch.tensors[kRstd], launch.tensors[kRstd].dim_count).Store(&rstd, index);
  });
}

Verdict BindNorm(FirstPhase& phase, const Formula& formula) {
  return phase.Bind([formula](const HostLaunch& launch, HostFailure* failure) {
    const bool wide = launch.tensors[kInput].dtype == ACL_DOUBLE;
    return wide ? Normalise<double>(launch, formula, failure)
                : Normalise<float>(launch, formula, failure);
  });
}

struct Tensors {
  const aclTensor* input;
  const aclTensor* weight;
  const aclTensor* bias;
  const aclTensor* out;
  const aclTensor* mean;
  const aclTensor* rstd;
};

Verdict AddTensors(FirstPhase& phase, const Tensors& tensors, const char* input, const char* weight,
                   const char* bias) {
  OP_PLAN_CHECK(phase.Input(input, tensors.input));
  OP_PLAN_CHECK(phase.OptionalInput(weight, tensors.weight));
  OP_PLAN_CHECK(phase.OptionalInput(bias, tensors.bias));
  OP_PLAN_CHECK(phase.Output("out", tensors.out));
  OP_PLAN_CHECK(phase.OptionalOutput("meanOut", tensors.mean));
  OP_PLAN_CHECK(phase.OptionalOutput("rstdOut", tensors.rstd));
  OP_PLAN_CHECK(opapi::CheckFloating(phase));
  if (ShapeOf(phase.tensor(kOut)) == ShapeOf(phase.tensor(kInput))) return {};
  return Refuse(op_plan::kParamInvalid, "out has shape %s: want %s",
                ShapeText(ShapeOf(phase.tensor(kOut))).c_str(),
                ShapeText(ShapeOf(phase.tensor(kInput))).c_str());
}

// An optional tensor of so many elements.
Verdict CheckElements(const FirstPhase& phase, size_t index, int64_t count) {
  const HostTensorView& view = phase.tensor(index);
  if (!view.present || ShapeOf(view).size() == count) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %lld elements", phase.name(index),
                ShapeText(ShapeOf(view)).c_str(), static_cast<long long>(count));
}

aclnnStatus LayerNorm(FirstPhase first, const Tensors& tensors, const aclIntArray* normalized_shape,
                      double eps) {
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(AddTensors(phase, tensors, "input", "weight", "bias"));
    std::vector<int64_t> dims;
    OP_PLAN_CHECK(opapi::ReadIntArray("normalizedShape", normalized_shape, &dims));
    const HostTensorView& input = phase.tensor(kInput);
    const auto count = static_cast<uint32_t>(dims.size());
    const bool fits = count > 0 && count <= input.dim_count &&
                      std::equal(dims.begin(), dims.end(), input.dims + input.dim_count - count);
    if (!fits) {
      return Refuse(op_plan::kParamInvalid,
                    "normalizedShape has %u dimensions, which are not the last ones of %s", count,
                    ShapeText(ShapeOf(input)).c_str());
    }
    const uint32_t first_dim = input.dim_count - count;
    int64_t vectors = 1;
    for (uint32_t i = 0; i < first_dim; ++i) vectors *= input.dims[i];
    int64_t length = 1;
    for (const int64_t dim : dims) length *= dim;
    OP_PLAN_CHECK(CheckElements(phase, kWeight, length));
    OP_PLAN_CHECK(CheckElements(phase, kBias, length));
    OP_PLAN_CHECK(CheckElements(phase, kMean, vectors));
    OP_PLAN_CHECK(CheckElements(phase, kRstd, vectors));
    return BindNorm(phase, {eps, first_dim, 0});
  });
}

}  // namespace

aclnnStatus aclnnLayerNormGetWorkspaceSize(
    const aclTensor* input, const aclIntArray* normalizedShape, const aclTensor* weightOptional,
    const aclTensor* biasOptional, double eps, aclTensor* out, aclTensor* meanOutOptional,
    aclTensor* rstdOutOptional, uint64_t* workspaceSize, aclOpExecutor** executor) {
  return LayerNorm({"aclnnLayerNorm", workspaceSize, executor},
                   {input, weightOptional, biasOptional, out, meanOutOptional, rstdOutOptional},
                   normalizedShape, eps);
}
ACLNN_SECOND_PHASE(aclnnLayerNorm)

aclnnStatus aclnnFastLayerNormGetWorkspaceSize(
    const aclTensor* input, const aclIntArray* normalizedShape, const aclTensor* weightOptional,
    const aclTensor* biasOptional, double eps, aclTensor* out, aclTensor* meanOutOptional,
    aclTensor* rstdOutOptional, uint64_t* workspaceSize, aclOpExecutor** executor) {
  return LayerNorm({"aclnnFastLayerNorm", workspaceSize, executor},
                   {input, weightOptional, biasOptional, out, meanOutOptional, rstdOutOptional},
                   normalizedShape, eps);
}
ACLNN_SECOND_PHASE(aclnnFastLayerNorm)

aclnnStatus aclnnGroupNormGetWorkspaceSize(const aclTensor* self, const aclTensor* gamma,
                                           const aclTensor* beta, int64_t N, int64_t C, int64_t HxW,
                                           int64_t group, double eps, aclTensor* out,
                                           aclTensor* meanOut, aclTensor* rstdOut,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnGroupNorm", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(
        AddTensors(phase, {self, gamma, beta, out, meanOut, rstdOut}, "self", "gamma", "beta"));
    const HostTensorView& input = phase.tensor(kInput);
    const Shape shape = ShapeOf(input);
    const bool fits = input.dim_count >= 2 && input.dim_count < HostTensorView::kMaxDims && N > 0 &&
                      C > 0 && HxW > 0 && input.dims[0] == N && input.dims[1] == C &&
                      shape.size() == N * C * HxW;
    if (!fits) {
      return Refuse(op_plan::kParamInvalid,
                    "self has shape %s, which is not N = %lld, C = %lld and HxW = %lld",
                    ShapeText(shape).c_str(), static_cast<long long>(N), static_cast<long long>(C),
                    static_cast<long long>(HxW));
    }
    if (group <= 0 || C % group != 0) {
      return Refuse(op_plan::kParamInvalid, "group is %lld: want a divisor of C = %lld",
                    static_cast<long long>(group), static_cast<long long>(C));
    }
    OP_PLAN_CHECK(CheckElements(phase, kWeight, C));
    OP_PLAN_CHECK(CheckElements(phase, kBias, C));
    OP_PLAN_CHECK(CheckElements(phase, kMean, N * group));
    OP_PLAN_CHECK(CheckElements(phase, kRstd, N * group));
    return BindNorm(phase, {eps, 2, group});
  });
}
ACLNN_SECOND_PHASE(aclnnGroupNorm)
