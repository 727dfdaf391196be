// SPDX-License-Identifier: Apache-2.0
// The greater and the lesser of two. NaN on either side gives NaN.
#include <cmath>

#include "aclnnop/aclnn_clamp.h"
#include "aclnnop/aclnn_hardtanh.h"
#include "aclnnop/aclnn_maximum.h"
#include "aclnnop/aclnn_minimum.h"
#include "aclnnop/aclnn_nan_to_num.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Inputs;
using opapi::kIsInteger;
using opapi::Map;
using opapi::NamedTensor;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Phase;
using opapi::Scalars;

constexpr auto kMaximum = [](auto a, auto b) { return a != a || a > b ? a : b; };
constexpr auto kMinimum = [](auto a, auto b) { return a != a || a < b ? a : b; };
constexpr auto kClamp = [](auto x, auto low, auto high) {
  return kMinimum(kMaximum(x, low), high);
};

aclnnStatus NoBound(const Phase& phase) {
  return opapi::FirstPhase(phase.op_name, phase.workspace_size, phase.executor)
      .Run([](opapi::FirstPhase&) -> opapi::Verdict {
        return opapi::Refuse(op_plan::kParamNullptr,
                             "clipValueMin and clipValueMax are null: want at least one of them");
      });
}

aclnnStatus Clamp(const Phase& phase, const NamedTensor& self, const aclScalar* low,
                  const aclScalar* high, const NamedTensor& out) {
  if (low == nullptr && high == nullptr) return NoBound(phase);
  if (high == nullptr) {
    return Map<Numbers::kReal>(phase, Inputs(self), Scalars({"clipValueMin", low}), out, kMaximum);
  }
  if (low == nullptr) {
    return Map<Numbers::kReal>(phase, Inputs(self), Scalars({"clipValueMax", high}), out, kMinimum);
  }
  return Map<Numbers::kReal>(phase, Inputs(self),
                             Scalars({"clipValueMin", low}, {"clipValueMax", high}), out, kClamp);
}

template <typename F>
aclnnStatus Bound(const Phase& phase, const NamedTensor& self, const NamedTensor& bound,
                  const NamedTensor& out, F f) {
  return Map<Numbers::kReal>(phase, Inputs(self, bound), NoScalars(), out, f);
}

struct NanToNum {
  float nan;
  float posinf;
  float neginf;

  template <typename T>
  T operator()(T x) const {
    if constexpr (kIsInteger<T>) {
      return x;
    } else {
      if (std::isnan(x)) return Finite<T>(nan);
      if (std::isinf(x)) return Finite<T>(x > 0 ? posinf : neginf);
      return x;
    }
  }

  // torch_npu asks for the greatest float64, which float32 does not hold.
  template <typename T>
  static T Finite(float value) {
    if (std::is_same_v<T, double> && std::isinf(value)) {
      return std::copysign(std::numeric_limits<T>::max(), static_cast<T>(value));
    }
    return static_cast<T>(value);
  }
};

}  // namespace

ACLNN_BINARY(aclnnMaximum, kReal, kMaximum)
ACLNN_BINARY(aclnnMinimum, kReal, kMinimum)

aclnnStatus aclnnClampGetWorkspaceSize(const aclTensor* self, const aclScalar* clipValueMin,
                                       const aclScalar* clipValueMax, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Clamp({"aclnnClamp", workspaceSize, executor}, {"self", self}, clipValueMin, clipValueMax,
               {"out", out});
}
ACLNN_SECOND_PHASE(aclnnClamp)

aclnnStatus aclnnClampMinGetWorkspaceSize(const aclTensor* self, const aclScalar* clipValueMin,
                                          aclTensor* out, uint64_t* workspaceSize,
                                          aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnClampMin", workspaceSize, executor}, Inputs({"self", self}),
                             Scalars({"clipValueMin", clipValueMin}), {"out", out}, kMaximum);
}
ACLNN_SECOND_PHASE(aclnnClampMin)

aclnnStatus aclnnClampMaxGetWorkspaceSize(const aclTensor* self, const aclScalar* clipValueMax,
                                          aclTensor* out, uint64_t* workspaceSize,
                                          aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnClampMax", workspaceSize, executor}, Inputs({"self", self}),
                             Scalars({"clipValueMax", clipValueMax}), {"out", out}, kMinimum);
}
ACLNN_SECOND_PHASE(aclnnClampMax)

aclnnStatus aclnnInplaceClampMaxGetWorkspaceSize(const aclTensor* selfRef,
                                                 const aclScalar* clipValueMax,
                                                 uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceClampMax", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}), Scalars({"clipValueMax", clipValueMax}),
                             {"selfRef", selfRef}, kMinimum);
}
ACLNN_SECOND_PHASE(aclnnInplaceClampMax)

aclnnStatus aclnnClampTensorGetWorkspaceSize(const aclTensor* self, const aclTensor* clipValueMin,
                                             const aclTensor* clipValueMax, aclTensor* out,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  const Phase phase{"aclnnClampTensor", workspaceSize, executor};
  const NamedTensor input{"self", self};
  const NamedTensor low{"clipValueMin", clipValueMin};
  const NamedTensor high{"clipValueMax", clipValueMax};
  if (clipValueMin == nullptr && clipValueMax == nullptr) return NoBound(phase);
  if (clipValueMax == nullptr) return Bound(phase, input, low, {"out", out}, kMaximum);
  if (clipValueMin == nullptr) return Bound(phase, input, high, {"out", out}, kMinimum);
  return Map<Numbers::kReal>(phase, Inputs(input, low, high), NoScalars(), {"out", out}, kClamp);
}
ACLNN_SECOND_PHASE(aclnnClampTensor)

aclnnStatus aclnnClampMinTensorGetWorkspaceSize(const aclTensor* self,
                                                const aclTensor* clipValueMin, aclTensor* out,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Bound({"aclnnClampMinTensor", workspaceSize, executor}, {"self", self},
               {"clipValueMin", clipValueMin}, {"out", out}, kMaximum);
}
ACLNN_SECOND_PHASE(aclnnClampMinTensor)

aclnnStatus aclnnInplaceClampMinTensorGetWorkspaceSize(aclTensor* selfRef,
                                                       const aclTensor* clipValueMin,
                                                       uint64_t* workspaceSize,
                                                       aclOpExecutor** executor) {
  return Bound({"aclnnInplaceClampMinTensor", workspaceSize, executor}, {"selfRef", selfRef},
               {"clipValueMin", clipValueMin}, {"selfRef", selfRef}, kMaximum);
}
ACLNN_SECOND_PHASE(aclnnInplaceClampMinTensor)

aclnnStatus aclnnClampMaxTensorGetWorkspaceSize(const aclTensor* self, const aclTensor* max,
                                                aclTensor* out, uint64_t* workspaceSize,
                                                aclOpExecutor** executor) {
  return Bound({"aclnnClampMaxTensor", workspaceSize, executor}, {"self", self}, {"max", max},
               {"out", out}, kMinimum);
}
ACLNN_SECOND_PHASE(aclnnClampMaxTensor)

aclnnStatus aclnnInplaceClampMaxTensorGetWorkspaceSize(aclTensor* selfRef, const aclTensor* max,
                                                       uint64_t* workspaceSize,
                                                       aclOpExecutor** executor) {
  return Bound({"aclnnInplaceClampMaxTensor", workspaceSize, executor}, {"selfRef", selfRef},
               {"max", max}, {"selfRef", selfRef}, kMinimum);
}
ACLNN_SECOND_PHASE(aclnnInplaceClampMaxTensor)

aclnnStatus aclnnHardtanhGetWorkspaceSize(const aclTensor* self, const aclScalar* clipValueMin,
                                          const aclScalar* clipValueMax, aclTensor* out,
                                          uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>(
      {"aclnnHardtanh", workspaceSize, executor}, Inputs({"self", self}),
      Scalars({"clipValueMin", clipValueMin}, {"clipValueMax", clipValueMax}), {"out", out},
      kClamp);
}
ACLNN_SECOND_PHASE(aclnnHardtanh)

aclnnStatus aclnnInplaceHardtanhGetWorkspaceSize(aclTensor* selfRef, const aclScalar* clipValueMin,
                                                 const aclScalar* clipValueMax,
                                                 uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kReal>(
      {"aclnnInplaceHardtanh", workspaceSize, executor}, Inputs({"selfRef", selfRef}),
      Scalars({"clipValueMin", clipValueMin}, {"clipValueMax", clipValueMax}), {"selfRef", selfRef},
      kClamp);
}
ACLNN_SECOND_PHASE(aclnnInplaceHardtanh)

aclnnStatus aclnnNanToNumGetWorkspaceSize(const aclTensor* self, float nan, float posinf,
                                          float neginf, aclTensor* out, uint64_t* workspaceSize,
                                          aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnNanToNum", workspaceSize, executor}, Inputs({"self", self}),
                             NoScalars(), {"out", out}, NanToNum{nan, posinf, neginf});
}
ACLNN_SECOND_PHASE(aclnnNanToNum)

aclnnStatus aclnnInplaceNanToNumGetWorkspaceSize(aclTensor* selfRef, float nan, float posinf,
                                                 float neginf, uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceNanToNum", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}), NoScalars(), {"selfRef", selfRef},
                             NanToNum{nan, posinf, neginf});
}
ACLNN_SECOND_PHASE(aclnnInplaceNanToNum)
