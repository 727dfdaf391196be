// SPDX-License-Identifier: Apache-2.0
#include "engine/activation.h"

#include <cmath>

#include "aclnnop/aclnn_celu.h"
#include "aclnnop/aclnn_elu.h"
#include "aclnnop/aclnn_fast_gelu.h"
#include "aclnnop/aclnn_gelu.h"
#include "aclnnop/aclnn_gelu_v2.h"
#include "aclnnop/aclnn_hardshrink.h"
#include "aclnnop/aclnn_hardsigmoid.h"
#include "aclnnop/aclnn_hardswish.h"
#include "aclnnop/aclnn_leaky_relu.h"
#include "aclnnop/aclnn_logsigmoid.h"
#include "aclnnop/aclnn_mish.h"
#include "aclnnop/aclnn_prelu.h"
#include "aclnnop/aclnn_relu.h"
#include "aclnnop/aclnn_selu.h"
#include "aclnnop/aclnn_sigmoid.h"
#include "aclnnop/aclnn_silu.h"
#include "aclnnop/aclnn_softplus.h"
#include "aclnnop/aclnn_softshrink.h"
#include "aclnnop/aclnn_swish.h"
#include "aclnnop/aclnn_threshold.h"
#include "engine/operator_forms.h"

namespace {

using opapi::FirstPhase;
using opapi::Inputs;
using opapi::kGelu;
using opapi::kGeluTanh;
using opapi::kSigmoid;
using opapi::kSilu;
using opapi::Map;
using opapi::NamedTensor;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Scalars;
using opapi::Verdict;

constexpr auto kRelu = [](auto x) { return x < decltype(x){0} ? decltype(x){0} : x; };
constexpr auto kLeakyRelu = [](auto x, auto slope) { return x > decltype(x){0} ? x : x * slope; };
constexpr auto kFastGelu = [](auto x) { return x * kSigmoid(decltype(x)(1.702) * x); };
constexpr auto kLogSigmoid = [](auto x) {
  return std::fmin(x, decltype(x){0}) - std::log1p(std::exp(-std::fabs(x)));
};
constexpr auto kSoftplus = [](auto x, auto beta, auto threshold) {
  return beta * x > threshold ? x : std::log1p(std::exp(beta * x)) / beta;
};
constexpr auto kMish = [](auto x) {
  using T = decltype(x);
  return x * std::tanh(kSoftplus(x, T{1}, T{20}));
};
constexpr auto kHardsigmoid = [](auto x) {
  using T = decltype(x);
  const T moved = x + T{3};
  return (moved < T{0} ? T{0} : moved > T{6} ? T{6} : moved) / T{6};
};
constexpr auto kHardswish = [](auto x) {
  using T = decltype(x);
  const T moved = x + T{3};
  return x * (moved < T{0} ? T{0} : moved > T{6} ? T{6} : moved) / T{6};
};
constexpr auto kElu = [](auto x, auto alpha, auto scale, auto input_scale) {
  return x < decltype(x){0} ? std::expm1(x * input_scale) * (alpha * scale) : x * scale;
};
constexpr auto kCelu = [](auto x, auto alpha) {
  return x < decltype(x){0} ? alpha * std::expm1(x / alpha) : x;
};
// Both constants are the fixed point that makes a self-normalising network.
constexpr auto kSelu = [](auto x) {
  using T = decltype(x);
  return kElu(x, static_cast<T>(1.6732632423543772), static_cast<T>(1.0507009873554805), T{1});
};
constexpr auto kSoftshrink = [](auto x, auto lambd) {
  using T = decltype(x);
  if (x > lambd) return x - lambd;
  if (x < -lambd) return x + lambd;
  return x != x ? x : T{0};
};
constexpr auto kHardshrink = [](auto x, auto lambd) {
  return x >= -lambd && x <= lambd ? decltype(x){0} : x;
};
constexpr auto kThreshold = [](auto x, auto threshold, auto value) {
  return x <= threshold ? value : x;
};
constexpr auto kSwish = [](auto x, auto beta) { return x * kSigmoid(beta * x); };

aclnnStatus GeluV2(const Phase& phase, const NamedTensor& x, int64_t approximate,
                   const NamedTensor& y) {
  switch (approximate) {
    case 0:
      return Map<Numbers::kFloating>(phase, Inputs(x), NoScalars(), y, kGelu);
    case 1:
      return Map<Numbers::kFloating>(phase, Inputs(x), NoScalars(), y, kGeluTanh);
    default:
      return FirstPhase(phase.op_name, phase.workspace_size, phase.executor)
          .Run([&](FirstPhase&) -> Verdict {
            return Refuse(op_plan::kParamInvalid,
                          "approximate is %lld: want 0 (error function) or 1 (tanh)",
                          static_cast<long long>(approximate));
          });
  }
}

// A weight of one dimension lies along the channels of `self`, dimension 1; any other broadcasts.
bool IsPerChannel(const HostTensorView& self, const HostTensorView& weight) {
  return weight.dim_count == 1 && weight.dims[0] != 1 && self.dim_count > 1;
}

HostTensorView AlongChannels(const HostTensorView& self, const HostTensorView& weight) {
  HostTensorView along = weight;
  along.dim_count = self.dim_count;
  for (uint32_t d = 0; d < self.dim_count; ++d) {
    along.dims[d] = d == 1 ? weight.dims[0] : 1;
    along.strides[d] = d == 1 ? weight.strides[0] : 0;
  }
  return along;
}

aclError RunPrelu(const HostLaunch& launch, HostFailure* failure) {
  HostTensorView tensors[] = {launch.tensors[0], launch.tensors[1], launch.tensors[2]};
  if (IsPerChannel(tensors[0], tensors[1])) tensors[1] = AlongChannels(tensors[0], tensors[1]);
  HostLaunch along = launch;
  along.tensors = tensors;
  return opapi::MapKernel<Numbers::kFloating, 2, 0, decltype(kLeakyRelu)>{{}, kLeakyRelu}(along,
                                                                                          failure);
}

Verdict BindPrelu(FirstPhase& phase) {
  const HostTensorView& self = phase.tensor(0);
  const HostTensorView& weight = phase.tensor(1);
  if (IsPerChannel(self, weight)) {
    for (size_t i = 0; i < phase.tensor_count(); ++i) {
      OP_PLAN_CHECK(opapi::CheckNumbers(phase, i, Numbers::kFloating));
    }
    if (weight.dims[0] != self.dims[1]) {
      return Refuse(op_plan::kParamInvalid, "weight has %lld elements: want 1 or %lld",
                    static_cast<long long>(weight.dims[0]), static_cast<long long>(self.dims[1]));
    }
    const opapi::Shape shape = opapi::ShapeOf(phase.tensor(2));
    if (!(shape == opapi::ShapeOf(self))) {
      return Refuse(op_plan::kParamInvalid, "out has shape %s: want %s",
                    opapi::ShapeText(shape).c_str(),
                    opapi::ShapeText(opapi::ShapeOf(self)).c_str());
    }
  } else {
    OP_PLAN_CHECK(opapi::CheckElementwise(phase, Numbers::kFloating));
  }
  return phase.Bind(
      [](const HostLaunch& launch, HostFailure* failure) { return RunPrelu(launch, failure); });
}

}  // namespace

ACLNN_UNARY(aclnnRelu, const aclTensor, kReal, kRelu)
ACLNN_UNARY_IN_PLACE(aclnnInplaceRelu, aclTensor, kReal, kRelu)
ACLNN_UNARY_PAIR(Sigmoid, kFloating, kSigmoid)
ACLNN_UNARY(aclnnSilu, aclTensor, kFloating, kSilu)
ACLNN_UNARY(aclnnGelu, aclTensor, kFloating, kGelu)
ACLNN_UNARY(aclnnFastGelu, aclTensor, kFloating, kFastGelu)
ACLNN_UNARY_PAIR(Mish, kFloating, kMish)
ACLNN_UNARY_PAIR(Selu, kFloating, kSelu)
ACLNN_UNARY(aclnnHardsigmoid, aclTensor, kFloating, kHardsigmoid)
ACLNN_UNARY_IN_PLACE(aclnnInplaceHardsigmoid, const aclTensor, kFloating, kHardsigmoid)
ACLNN_UNARY(aclnnHardswish, const aclTensor, kFloating, kHardswish)
ACLNN_UNARY_IN_PLACE(aclnnInplaceHardswish, const aclTensor, kFloating, kHardswish)
ACLNN_UNARY(aclnnLogSigmoid, aclTensor, kFloating, kLogSigmoid)

aclnnStatus aclnnLogSigmoidForwardGetWorkspaceSize(const aclTensor* self, aclTensor* out,
                                                   aclTensor* buffer, uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  HostTensorView view;
  const bool given = buffer != nullptr && HostTensorRead(buffer, &view) == OK;
  if (given && opapi::ShapeOf(view).size() == 0) {
    return Map<Numbers::kFloating>({"aclnnLogSigmoidForward", workspaceSize, executor},
                                   Inputs({"self", self}), NoScalars(), {"out", out}, kLogSigmoid);
  }
  return FirstPhase("aclnnLogSigmoidForward", workspaceSize, executor)
      .Run([&](FirstPhase& phase) -> Verdict {
        OP_PLAN_CHECK(phase.Output("buffer", buffer));
        return Refuse(op_plan::kParamInvalid, "buffer has shape %s: want no element, (0,)",
                      opapi::ShapeText(opapi::ShapeOf(phase.tensor(0))).c_str());
      });
}
ACLNN_SECOND_PHASE(aclnnLogSigmoidForward)

aclnnStatus aclnnGeluV2GetWorkspaceSize(const aclTensor* x, int64_t approximate, aclTensor* y,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return GeluV2({"aclnnGeluV2", workspaceSize, executor}, {"x", x}, approximate, {"y", y});
}
ACLNN_SECOND_PHASE(aclnnGeluV2)

aclnnStatus aclnnSwishGetWorkspaceSize(const aclTensor* self, const aclScalar* betaOptional,
                                       aclTensor* out, uint64_t* workspaceSize,
                                       aclOpExecutor** executor) {
  const Phase phase{"aclnnSwish", workspaceSize, executor};
  if (betaOptional == nullptr) {
    return Map<Numbers::kFloating>(phase, Inputs({"self", self}), NoScalars(), {"out", out}, kSilu);
  }
  return Map<Numbers::kFloating>(phase, Inputs({"self", self}),
                                 Scalars({"betaOptional", betaOptional}), {"out", out}, kSwish);
}
ACLNN_SECOND_PHASE(aclnnSwish)

aclnnStatus aclnnPreluGetWorkspaceSize(const aclTensor* self, const aclTensor* weight,
                                       aclTensor* out, uint64_t* workspaceSize,
                                       aclOpExecutor** executor) {
  FirstPhase first("aclnnPrelu", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("weight", weight));
    OP_PLAN_CHECK(phase.Output("out", out));
    return BindPrelu(phase);
  });
}
ACLNN_SECOND_PHASE(aclnnPrelu)

// Activations with one scalar, and with two.
#define ACLNN_ACTIVATION_1(name, scalar, f)                                                  \
  aclnnStatus name##GetWorkspaceSize(const aclTensor* self, const aclScalar* scalar,         \
                                     aclTensor* out, uint64_t* workspaceSize,                \
                                     aclOpExecutor** executor) {                             \
    return Map<Numbers::kFloating>({#name, workspaceSize, executor}, Inputs({"self", self}), \
                                   Scalars({#scalar, scalar}), {"out", out}, f);             \
  }                                                                                          \
  ACLNN_SECOND_PHASE(name)
#define ACLNN_ACTIVATION_1_IN_PLACE(name, scalar, f)                                               \
  aclnnStatus name##GetWorkspaceSize(aclTensor* selfRef, const aclScalar* scalar,                  \
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {          \
    return Map<Numbers::kFloating>({#name, workspaceSize, executor}, Inputs({"selfRef", selfRef}), \
                                   Scalars({#scalar, scalar}), {"selfRef", selfRef}, f);           \
  }                                                                                                \
  ACLNN_SECOND_PHASE(name)
#define ACLNN_ACTIVATION_2(name, numbers, first, second, f)                                     \
  aclnnStatus name##GetWorkspaceSize(const aclTensor* self, const aclScalar* first,             \
                                     const aclScalar* second, aclTensor* out,                   \
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {       \
    return Map<Numbers::numbers>({#name, workspaceSize, executor}, Inputs({"self", self}),      \
                                 Scalars({#first, first}, {#second, second}), {"out", out}, f); \
  }                                                                                             \
  ACLNN_SECOND_PHASE(name)

ACLNN_ACTIVATION_1(aclnnLeakyRelu, negativeSlope, kLeakyRelu)
ACLNN_ACTIVATION_1_IN_PLACE(aclnnInplaceLeakyRelu, negativeSlope, kLeakyRelu)
ACLNN_ACTIVATION_1(aclnnCelu, alpha, kCelu)
ACLNN_ACTIVATION_1_IN_PLACE(aclnnInplaceCelu, alpha, kCelu)
ACLNN_ACTIVATION_1(aclnnSoftshrink, lambd, kSoftshrink)
ACLNN_ACTIVATION_1(aclnnHardshrink, lambd, kHardshrink)
ACLNN_ACTIVATION_2(aclnnSoftplus, kFloating, beta, threshold, kSoftplus)
ACLNN_ACTIVATION_2(aclnnThreshold, kReal, threshold, value, kThreshold)

aclnnStatus aclnnInplaceThresholdGetWorkspaceSize(aclTensor* selfRef, const aclScalar* threshold,
                                                  const aclScalar* value, uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  return Map<Numbers::kReal>(
      {"aclnnInplaceThreshold", workspaceSize, executor}, Inputs({"selfRef", selfRef}),
      Scalars({"threshold", threshold}, {"value", value}), {"selfRef", selfRef}, kThreshold);
}
ACLNN_SECOND_PHASE(aclnnInplaceThreshold)

aclnnStatus aclnnEluGetWorkspaceSize(const aclTensor* self, const aclScalar* alpha,
                                     const aclScalar* scale, const aclScalar* inputScale,
                                     aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  return Map<Numbers::kFloating>(
      {"aclnnElu", workspaceSize, executor}, Inputs({"self", self}),
      Scalars({"alpha", alpha}, {"scale", scale}, {"inputScale", inputScale}), {"out", out}, kElu);
}
ACLNN_SECOND_PHASE(aclnnElu)

aclnnStatus aclnnInplaceEluGetWorkspaceSize(aclTensor* selfRef, const aclScalar* alpha,
                                            const aclScalar* scale, const aclScalar* inputScale,
                                            uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kFloating>(
      {"aclnnInplaceElu", workspaceSize, executor}, Inputs({"selfRef", selfRef}),
      Scalars({"alpha", alpha}, {"scale", scale}, {"inputScale", inputScale}), {"selfRef", selfRef},
      kElu);
}
ACLNN_SECOND_PHASE(aclnnInplaceElu)
