// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "aclnnop/aclnn_pow.h"
#include "aclnnop/aclnn_pow_tensor_tensor.h"
#include "aclnnop/aclnn_rsqrt.h"
#include "aclnnop/aclnn_sqrt.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Inputs;
using opapi::Map;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Scalars;

constexpr auto kSqrt = [](auto x) { return std::sqrt(x); };
constexpr auto kRsqrt = [](auto x) { return decltype(x){1} / std::sqrt(x); };

int64_t WholePower(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base != -1 ? 0 : exponent % 2 == 0 ? 1 : -1;
  int64_t power = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) power = opapi::Times(power, base);
    base = opapi::Times(base, base);
  }
  return power;
}

constexpr auto kPow = [](auto base, auto exponent) {
  if constexpr (opapi::kIsInteger<decltype(base)>) {
    return WholePower(base, exponent);
  } else {
    return std::pow(base, exponent);
  }
};

// The powers that a vector unit has; of minus infinity too the square root is NaN, as in torch.
constexpr auto kPowScalar = [](auto base, auto exponent) {
  using T = decltype(base);
  if constexpr (!opapi::kIsInteger<T>) {
    if (exponent == T{2}) return base * base;
    if (exponent == T(0.5)) return std::sqrt(base);
    if (exponent == T(-0.5)) return T{1} / std::sqrt(base);
    if (exponent == T{-1}) return T{1} / base;
  }
  return kPow(base, exponent);
};

}  // namespace

ACLNN_UNARY_PAIR(Sqrt, kFloating, kSqrt)
ACLNN_UNARY_PAIR(Rsqrt, kFloating, kRsqrt)

aclnnStatus aclnnPowTensorTensorGetWorkspaceSize(const aclTensor* self, const aclTensor* exponent,
                                                 aclTensor* out, uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnPowTensorTensor", workspaceSize, executor},
                             Inputs({"self", self}, {"exponent", exponent}), NoScalars(),
                             {"out", out}, kPow);
}
ACLNN_SECOND_PHASE(aclnnPowTensorTensor)

aclnnStatus aclnnInplacePowTensorTensorGetWorkspaceSize(const aclTensor* self,
                                                        const aclTensor* exponent,
                                                        uint64_t* workspaceSize,
                                                        aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplacePowTensorTensor", workspaceSize, executor},
                             Inputs({"self", self}, {"exponent", exponent}), NoScalars(),
                             {"self", self}, kPow);
}
ACLNN_SECOND_PHASE(aclnnInplacePowTensorTensor)

aclnnStatus aclnnPowTensorScalarGetWorkspaceSize(const aclTensor* self, const aclScalar* exponent,
                                                 const aclTensor* out, uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnPowTensorScalar", workspaceSize, executor},
                             Inputs({"self", self}), Scalars({"exponent", exponent}), {"out", out},
                             kPowScalar);
}
ACLNN_SECOND_PHASE(aclnnPowTensorScalar)

aclnnStatus aclnnInplacePowTensorScalarGetWorkspaceSize(const aclTensor* self,
                                                        const aclScalar* exponent,
                                                        uint64_t* workspaceSize,
                                                        aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplacePowTensorScalar", workspaceSize, executor},
                             Inputs({"self", self}), Scalars({"exponent", exponent}),
                             {"self", self}, kPowScalar);
}
ACLNN_SECOND_PHASE(aclnnInplacePowTensorScalar)

aclnnStatus aclnnPowScalarTensorGetWorkspaceSize(const aclScalar* self, const aclTensor* exponent,
                                                 const aclTensor* out, uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnPowScalarTensor", workspaceSize, executor},
                             Inputs({"exponent", exponent}), Scalars({"self", self}), {"out", out},
                             [](auto exponent, auto base) { return kPow(base, exponent); });
}
ACLNN_SECOND_PHASE(aclnnPowScalarTensor)
