// SPDX-License-Identifier: Apache-2.0
// y = x * rstd * gamma with rstd = 1 / sqrt(mean(x^2) + epsilon), over the dimensions of gamma; x
// may be a sum of two, which is rounded to its dtype first.
#include <algorithm>
#include <cmath>

#include "aclnnop/aclnn_add_rms_norm.h"
#include "aclnnop/aclnn_add_rms_norm_cast.h"
#include "aclnnop/aclnn_gemma_rms_norm.h"
#include "aclnnop/aclnn_inplace_add_rms_norm.h"
#include "aclnnop/aclnn_rms_norm.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Vectors;
using opapi::Verdict;

constexpr uint32_t kNone = UINT32_MAX;

// Where each tensor is among those of the launch.
struct Places {
  uint32_t x1 = 0;
  uint32_t x2 = kNone;
  uint32_t gamma = kNone;
  uint32_t y = kNone;
  uint32_t wide_y = kNone;
  uint32_t rstd = kNone;
  uint32_t x = kNone;
};

struct Formula {
  Places places;
  double epsilon;
  double gamma_offset;
};

// The vectors of one tensor, or nothing.
struct OptionalVectors {
  OptionalVectors(const HostLaunch& launch, uint32_t place, uint32_t first_dim)
      : there(place != kNone && launch.tensors[place].present),
        vectors(there ? launch.tensors[place] : launch.tensors[0], there ? first_dim : 0) {}
  bool there;
  Vectors vectors;
};

template <typename T>
aclError Normalise(const HostLaunch& launch, const Formula& formula, HostFailure* failure) {
  const Places& places = formula.places;
  const HostTensorView& x1 = launch.tensors[places.x1];
  const uint32_t first_dim = x1.dim_count - launch.tensors[places.gamma].dim_count;
  const Vectors in(x1, first_dim);
  const OptionalVectors other(launch, places.x2, first_dim);
  const OptionalVectors y(launch, places.y, first_dim);
  const OptionalVectors wide_y(launch, places.wide_y, first_dim);
  const OptionalVectors sum(launch, places.x, first_dim);
  const OptionalVectors rstd_out(launch, places.rstd, first_dim);
  const int64_t n = in.length();
  std::vector<T> gamma(static_cast<size_t>(n));
  Vectors(launch.tensors[places.gamma], 0).Load(0, gamma.data());
  for (T& value : gamma) value += static_cast<T>(formula.gamma_offset);
  return opapi::ForEachVector<T>(in.count(), n, 2 * n, failure, [&](int64_t index, T* x) {
    T* const more = x + n;
    in.Load(index, x);
    if (other.there) {
      other.vectors.Load(index, more);
      for (int64_t i = 0; i < n; ++i) x[i] += more[i];
      opapi::RoundTo(x1.dtype, n, x);
    }
    if (sum.there) sum.vectors.Store(x, index);
    const double square = opapi::SumOf(
        n, [&](int64_t i) { return static_cast<double>(x[i]) * static_cast<double>(x[i]); });
    const auto rstd =
        static_cast<T>(1 / std::sqrt(square / static_cast<double>(n) + formula.epsilon));
    if (rstd_out.there) rstd_out.vectors.Store(&rstd, index);
    for (int64_t i = 0; i < n; ++i) x[i] = x[i] * rstd * gamma[static_cast<size_t>(i)];
    if (wide_y.there) wide_y.vectors.Store(x, index);
    if (y.there) y.vectors.Store(x, index);
  });
}

Verdict CheckShapeIs(const FirstPhase& phase, size_t index, const opapi::Shape& shape) {
  if (ShapeOf(phase.tensor(index)) == shape) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %s", phase.name(index),
                ShapeText(ShapeOf(phase.tensor(index))).c_str(), ShapeText(shape).c_str());
}

Verdict CheckAndBind(FirstPhase& phase, const Formula& formula) {
  const Places& places = formula.places;
  OP_PLAN_CHECK(opapi::CheckFloating(phase));
  const opapi::Shape x = ShapeOf(phase.tensor(places.x1));
  const HostTensorView& gamma = phase.tensor(places.gamma);
  const bool fits =
      gamma.dim_count > 0 && gamma.dim_count <= x.dim_count &&
      std::equal(gamma.dims, gamma.dims + gamma.dim_count, x.dims + x.dim_count - gamma.dim_count);
  if (!fits) {
    return Refuse(op_plan::kParamInvalid, "gamma has shape %s: want the last dimensions of %s",
                  ShapeText(ShapeOf(gamma)).c_str(), ShapeText(x).c_str());
  }
  for (const uint32_t place : {places.x2, places.y, places.wide_y, places.x}) {
    if (place != kNone) OP_PLAN_CHECK(CheckShapeIs(phase, place, x));
  }
  opapi::Shape rstd = x;
  for (uint32_t i = x.dim_count - gamma.dim_count; i < x.dim_count; ++i) rstd.dims[i] = 1;
  if (phase.tensor(places.rstd).present) OP_PLAN_CHECK(CheckShapeIs(phase, places.rstd, rstd));
  return phase.Bind([formula](const HostLaunch& launch, HostFailure* failure) {
    const bool wide = launch.tensors[formula.places.x1].dtype == ACL_DOUBLE;
    return wide ? Normalise<double>(launch, formula, failure)
                : Normalise<float>(launch, formula, failure);
  });
}

// x * rstd * (gamma + offset).
aclnnStatus RmsNorm(FirstPhase first, const aclTensor* x, const aclTensor* gamma, double epsilon,
                    double gamma_offset, const aclTensor* y, const aclTensor* rstd) {
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.Input("gamma", gamma));
    OP_PLAN_CHECK(phase.Output("yOut", y));
    OP_PLAN_CHECK(phase.OptionalOutput("rstdOut", rstd));
    Places places;
    places.gamma = 1;
    places.y = 2;
    places.rstd = 3;
    return CheckAndBind(phase, {places, epsilon, gamma_offset});
  });
}

struct SumInputs {
  const aclTensor* x1;
  const aclTensor* x2;
  const aclTensor* gamma;
  double epsilon;
};

Verdict AddSumInputs(FirstPhase& phase, const SumInputs& in, Places* places) {
  OP_PLAN_CHECK(phase.Input("x1", in.x1));
  OP_PLAN_CHECK(phase.Input("x2", in.x2));
  OP_PLAN_CHECK(phase.Input("gamma", in.gamma));
  places->x2 = 1;
  places->gamma = 2;
  return {};
}

}  // namespace

aclnnStatus aclnnRmsNormGetWorkspaceSize(const aclTensor* x, const aclTensor* gamma, double epsilon,
                                         const aclTensor* yOut, const aclTensor* rstdOut,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return RmsNorm({"aclnnRmsNorm", workspaceSize, executor}, x, gamma, epsilon, 0, yOut, rstdOut);
}
ACLNN_SECOND_PHASE(aclnnRmsNorm)

aclnnStatus aclnnGemmaRmsNormGetWorkspaceSize(const aclTensor* x, const aclTensor* gamma,
                                              double epsilon, const aclTensor* yOut,
                                              const aclTensor* rstdOut, uint64_t* workspaceSize,
                                              aclOpExecutor** executor) {
  return RmsNorm({"aclnnGemmaRmsNorm", workspaceSize, executor}, x, gamma, epsilon, 1, yOut,
                 rstdOut);
}
ACLNN_SECOND_PHASE(aclnnGemmaRmsNorm)

aclnnStatus aclnnAddRmsNormGetWorkspaceSize(const aclTensor* x1, const aclTensor* x2,
                                            const aclTensor* gamma, double epsilon,
                                            const aclTensor* yOut, const aclTensor* rstdOut,
                                            const aclTensor* xOut, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  FirstPhase first("aclnnAddRmsNorm", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Places places;
    OP_PLAN_CHECK(AddSumInputs(phase, {x1, x2, gamma, epsilon}, &places));
    OP_PLAN_CHECK(phase.Output("yOut", yOut));
    OP_PLAN_CHECK(phase.OptionalOutput("rstdOut", rstdOut));
    OP_PLAN_CHECK(phase.Output("xOut", xOut));
    places.y = 3;
    places.rstd = 4;
    places.x = 5;
    return CheckAndBind(phase, {places, epsilon, 0});
  });
}
ACLNN_SECOND_PHASE(aclnnAddRmsNorm)

aclnnStatus aclnnAddRmsNormCastGetWorkspaceSize(const aclTensor* x1, const aclTensor* x2,
                                                const aclTensor* gamma, double epsilon,
                                                const aclTensor* y1Out, const aclTensor* y2Out,
                                                const aclTensor* rstdOut, const aclTensor* xOut,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnAddRmsNormCast", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Places places;
    OP_PLAN_CHECK(AddSumInputs(phase, {x1, x2, gamma, epsilon}, &places));
    OP_PLAN_CHECK(phase.Output("y1Out", y1Out));
    OP_PLAN_CHECK(phase.Output("y2Out", y2Out));
    OP_PLAN_CHECK(phase.OptionalOutput("rstdOut", rstdOut));
    OP_PLAN_CHECK(phase.Output("xOut", xOut));
    places.wide_y = 3;
    places.y = 4;
    places.rstd = 5;
    places.x = 6;
    return CheckAndBind(phase, {places, epsilon, 0});
  });
}
ACLNN_SECOND_PHASE(aclnnAddRmsNormCast)

// y takes the place of x1, their sum that of x2.
aclnnStatus aclnnInplaceAddRmsNormGetWorkspaceSize(aclTensor* x1Ref, aclTensor* x2Ref,
                                                   const aclTensor* gamma, double epsilon,
                                                   const aclTensor* rstdOut,
                                                   uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceAddRmsNorm", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Places places;
    OP_PLAN_CHECK(AddSumInputs(phase, {x1Ref, x2Ref, gamma, epsilon}, &places));
    OP_PLAN_CHECK(phase.Output("x1Ref", x1Ref));
    OP_PLAN_CHECK(phase.OptionalOutput("rstdOut", rstdOut));
    OP_PLAN_CHECK(phase.Output("x2Ref", x2Ref));
    places.y = 3;
    places.rstd = 4;
    places.x = 5;
    return CheckAndBind(phase, {places, epsilon, 0});
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceAddRmsNorm)
