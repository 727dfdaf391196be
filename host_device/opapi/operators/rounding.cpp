// SPDX-License-Identifier: Apache-2.0
// Whole parts, signs and sizes. Integers are their own whole part.
#include <cmath>

#include "aclnnop/aclnn_abs.h"
#include "aclnnop/aclnn_ceil.h"
#include "aclnnop/aclnn_floor.h"
#include "aclnnop/aclnn_frac.h"
#include "aclnnop/aclnn_neg.h"
#include "aclnnop/aclnn_round.h"
#include "aclnnop/aclnn_sign.h"
#include "aclnnop/aclnn_signbit.h"
#include "aclnnop/aclnn_trunc.h"
#include "engine/operator_forms.h"

namespace {

using opapi::kIsInteger;

constexpr auto kCeil = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return x;
  else
    return std::ceil(x);
};
constexpr auto kFloor = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return x;
  else
    return std::floor(x);
};
constexpr auto kTrunc = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return x;
  else
    return std::trunc(x);
};
constexpr auto kRound = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return x;
  else
    return std::nearbyint(x);
};
constexpr auto kFrac = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return decltype(x){0};
  else
    return x - std::trunc(x);
};
constexpr auto kNeg = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return opapi::Minus(decltype(x){0}, x);
  else
    return -x;
};
constexpr auto kAbs = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return x < 0 ? kNeg(x) : x;
  else
    return std::fabs(x);
};
constexpr auto kSign = [](auto x) {
  using T = decltype(x);
  return static_cast<T>((x > T{0}) - (x < T{0}));
};
constexpr auto kSignbit = [](auto x) {
  if constexpr (kIsInteger<decltype(x)>)
    return x < 0;
  else
    return std::signbit(x);
};

// Multiplies or divides by a power of ten that is exact, rather than by its inverse, which is not.
struct RoundDecimals {
  int64_t decimals;

  template <typename T>
  T operator()(T x) const {
    if constexpr (kIsInteger<T>) {
      if (decimals >= 0) return x;
      return static_cast<T>(
          std::nearbyint(static_cast<double>(x) / std::pow(10.0, -static_cast<double>(decimals))) *
          std::pow(10.0, -static_cast<double>(decimals)));
    } else {
      const T power = static_cast<T>(std::pow(10.0, std::abs(static_cast<double>(decimals))));
      if (decimals < 0) return std::nearbyint(x / power) * power;
      return std::nearbyint(x * power) / power;
    }
  }
};

}  // namespace

ACLNN_UNARY_PAIR(Ceil, kReal, kCeil)
ACLNN_UNARY_PAIR(Floor, kReal, kFloor)
ACLNN_UNARY_PAIR(Trunc, kReal, kTrunc)
ACLNN_UNARY_PAIR(Frac, kReal, kFrac)
ACLNN_UNARY_PAIR(Neg, kReal, kNeg)
ACLNN_UNARY(aclnnRound, aclTensor, kReal, kRound)
ACLNN_UNARY_IN_PLACE(aclnnInplaceRound, const aclTensor, kReal, kRound)
ACLNN_UNARY(aclnnAbs, aclTensor, kReal, kAbs)
ACLNN_UNARY(aclnnSign, aclTensor, kReal, kSign)
ACLNN_UNARY(aclnnSignbit, aclTensor, kReal, kSignbit)

aclnnStatus aclnnRoundDecimalsGetWorkspaceSize(const aclTensor* self, int64_t decimals,
                                               aclTensor* out, uint64_t* workspaceSize,
                                               aclOpExecutor** executor) {
  return opapi::Map<opapi::Numbers::kReal>({"aclnnRoundDecimals", workspaceSize, executor},
                                           opapi::Inputs({"self", self}), opapi::NoScalars(),
                                           {"out", out}, RoundDecimals{decimals});
}
ACLNN_SECOND_PHASE(aclnnRoundDecimals)

aclnnStatus aclnnInplaceRoundDecimalsGetWorkspaceSize(aclTensor* selfRef, int64_t decimals,
                                                      uint64_t* workspaceSize,
                                                      aclOpExecutor** executor) {
  return opapi::Map<opapi::Numbers::kReal>({"aclnnInplaceRoundDecimals", workspaceSize, executor},
                                           opapi::Inputs({"selfRef", selfRef}), opapi::NoScalars(),
                                           {"selfRef", selfRef}, RoundDecimals{decimals});
}
ACLNN_SECOND_PHASE(aclnnInplaceRoundDecimals)
