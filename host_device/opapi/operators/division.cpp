// SPDX-License-Identifier: Apache-2.0
// Quotients and remainders. Integers never trap: divided by 0 they give 0, and the least integer
// divided by -1 wraps.
#include <cmath>

#include "aclnnop/aclnn_div.h"
#include "aclnnop/aclnn_floor_divide.h"
#include "aclnnop/aclnn_fmod_scalar.h"
#include "aclnnop/aclnn_fmod_tensor.h"
#include "aclnnop/aclnn_gcd.h"
#include "aclnnop/aclnn_reciprocal.h"
#include "aclnnop/aclnn_remainder.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Inputs;
using opapi::kIsInteger;
using opapi::Map;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Phase;
using opapi::Scalars;

constexpr auto kDiv = [](auto a, auto b) { return a / b; };

constexpr auto kTruncDiv = [](auto a, auto b) {
  using T = decltype(a);
  if constexpr (kIsInteger<T>) {
    if (b == 0) return T{0};
    return b == -1 ? opapi::Minus(T{0}, a) : a / b;
  } else {
    return std::trunc(a / b);
  }
};

constexpr auto kFmod = [](auto a, auto b) {
  using T = decltype(a);
  if constexpr (kIsInteger<T>) {
    return b == 0 || b == -1 ? T{0} : a % b;
  } else {
    return std::fmod(a, b);
  }
};

constexpr auto kRemainder = [](auto a, auto b) {
  const auto rest = kFmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
};

// As Python's //: the quotient is made of the remainder, so that both fit together.
constexpr auto kFloorDiv = [](auto a, auto b) {
  using T = decltype(a);
  if constexpr (kIsInteger<T>) {
    const T quotient = kTruncDiv(a, b);
    const bool below = kFmod(a, b) != 0 && (a < 0) != (b < 0);
    return below ? quotient - 1 : quotient;
  } else {
    if (b == T{0}) return a / b;
    const T rest = std::fmod(a, b);
    T quotient = (a - rest) / b;
    if (rest != T{0} && (b < T{0}) != (rest < T{0})) quotient -= T{1};
    if (quotient == T{0}) return std::copysign(T{0}, a / b);
    const T whole = std::floor(quotient);
    return quotient - whole > T(0.5) ? whole + T{1} : whole;
  }
};

constexpr auto kReciprocal = [](auto x) { return decltype(x){1} / x; };

constexpr auto kGcd = [](auto a, auto b) {
  uint64_t x = a < 0 ? uint64_t{0} - static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
  uint64_t y = b < 0 ? uint64_t{0} - static_cast<uint64_t>(b) : static_cast<uint64_t>(b);
  while (y != 0) {
    const uint64_t rest = x % y;
    x = y;
    y = rest;
  }
  return static_cast<int64_t>(x);
};

enum Mode { kExact = 0, kTowardsZero = 1, kDown = 2 };

// `inputs` and `scalars` make two operands.
template <size_t kInputs, size_t kScalars>
aclnnStatus DivMod(const Phase& phase, const std::array<opapi::NamedTensor, kInputs>& inputs,
                   const std::array<opapi::NamedScalar, kScalars>& scalars, int mode,
                   const opapi::NamedTensor& out) {
  switch (mode) {
    case kExact:
      return Map<Numbers::kFloating>(phase, inputs, scalars, out, kDiv);
    case kTowardsZero:
      return Map<Numbers::kReal>(phase, inputs, scalars, out, kTruncDiv);
    case kDown:
      return Map<Numbers::kReal>(phase, inputs, scalars, out, kFloorDiv);
    default:
      return opapi::FirstPhase(phase.op_name, phase.workspace_size, phase.executor)
          .Run([&](opapi::FirstPhase&) -> opapi::Verdict {
            return opapi::Refuse(op_plan::kParamInvalid,
                                 "mode is %d: want 0 (exact), 1 (towards zero) or 2 (down)", mode);
          });
  }
}

}  // namespace

ACLNN_BINARY(aclnnDiv, kFloating, kDiv)
ACLNN_BINARY_IN_PLACE(aclnnInplaceDiv, aclTensor, kFloating, kDiv)
ACLNN_SCALAR(aclnnDivs, kFloating, kAsGiven, kDiv)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceDivs, aclTensor, kFloating, kAsGiven, kDiv)

aclnnStatus aclnnDivModGetWorkspaceSize(const aclTensor* self, const aclTensor* other, int mode,
                                        aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return DivMod({"aclnnDivMod", workspaceSize, executor}, Inputs({"self", self}, {"other", other}),
                NoScalars(), mode, {"out", out});
}
ACLNN_SECOND_PHASE(aclnnDivMod)

aclnnStatus aclnnDivModsGetWorkspaceSize(const aclTensor* self, const aclScalar* other, int mode,
                                         aclTensor* out, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return DivMod({"aclnnDivMods", workspaceSize, executor}, Inputs({"self", self}),
                Scalars({"other", other, opapi::ScalarUse::kPromoted}), mode, {"out", out});
}
ACLNN_SECOND_PHASE(aclnnDivMods)

aclnnStatus aclnnInplaceDivModGetWorkspaceSize(aclTensor* selfRef, const aclTensor* other, int mode,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  return DivMod({"aclnnInplaceDivMod", workspaceSize, executor},
                Inputs({"selfRef", selfRef}, {"other", other}), NoScalars(), mode,
                {"selfRef", selfRef});
}
ACLNN_SECOND_PHASE(aclnnInplaceDivMod)

aclnnStatus aclnnInplaceDivModsGetWorkspaceSize(aclTensor* selfRef, const aclScalar* other,
                                                int mode, uint64_t* workspaceSize,
                                                aclOpExecutor** executor) {
  return DivMod({"aclnnInplaceDivMods", workspaceSize, executor}, Inputs({"selfRef", selfRef}),
                Scalars({"other", other, opapi::ScalarUse::kPromoted}), mode, {"selfRef", selfRef});
}
ACLNN_SECOND_PHASE(aclnnInplaceDivMods)

ACLNN_BINARY(aclnnFloorDivide, kReal, kFloorDiv)
ACLNN_BINARY_IN_PLACE(aclnnInplaceFloorDivide, aclTensor, kReal, kFloorDiv)
ACLNN_SCALAR(aclnnFloorDivides, kReal, kPromoted, kFloorDiv)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceFloorDivides, aclTensor, kReal, kPromoted, kFloorDiv)
ACLNN_BINARY(aclnnFmodTensor, kReal, kFmod)
ACLNN_BINARY_IN_PLACE(aclnnInplaceFmodTensor, aclTensor, kReal, kFmod)
ACLNN_SCALAR(aclnnFmodScalar, kReal, kPromoted, kFmod)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceFmodScalar, aclTensor, kReal, kPromoted, kFmod)
ACLNN_BINARY(aclnnRemainderTensorTensor, kReal, kRemainder)
ACLNN_BINARY_IN_PLACE(aclnnInplaceRemainderTensorTensor, aclTensor, kReal, kRemainder)
ACLNN_SCALAR(aclnnRemainderTensorScalar, kReal, kPromoted, kRemainder)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceRemainderTensorScalar, aclTensor, kReal, kPromoted, kRemainder)
ACLNN_UNARY(aclnnReciprocal, aclTensor, kFloating, kReciprocal)
ACLNN_UNARY_IN_PLACE(aclnnInplaceReciprocal, const aclTensor, kFloating, kReciprocal)
ACLNN_BINARY(aclnnGcd, kWhole, kGcd)

aclnnStatus aclnnRemainderScalarTensorGetWorkspaceSize(const aclScalar* self,
                                                       const aclTensor* other, aclTensor* out,
                                                       uint64_t* workspaceSize,
                                                       aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnRemainderScalarTensor", workspaceSize, executor},
                             Inputs({"other", other}),
                             Scalars({"self", self, opapi::ScalarUse::kPromoted}), {"out", out},
                             [](auto other, auto self) { return kRemainder(self, other); });
}
ACLNN_SECOND_PHASE(aclnnRemainderScalarTensor)
