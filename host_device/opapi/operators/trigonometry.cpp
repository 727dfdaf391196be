// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "aclnnop/aclnn_acos.h"
#include "aclnnop/aclnn_acosh.h"
#include "aclnnop/aclnn_asin.h"
#include "aclnnop/aclnn_asinh.h"
#include "aclnnop/aclnn_atan.h"
#include "aclnnop/aclnn_atan2.h"
#include "aclnnop/aclnn_atanh.h"
#include "aclnnop/aclnn_cos.h"
#include "aclnnop/aclnn_cosh.h"
#include "aclnnop/aclnn_sin.h"
#include "aclnnop/aclnn_sinc.h"
#include "aclnnop/aclnn_sinh.h"
#include "aclnnop/aclnn_tan.h"
#include "aclnnop/aclnn_tanh.h"
#include "engine/operator_forms.h"

namespace {

constexpr auto kSin = [](auto x) { return std::sin(x); };
constexpr auto kCos = [](auto x) { return std::cos(x); };
constexpr auto kTan = [](auto x) { return std::tan(x); };
constexpr auto kAsin = [](auto x) { return std::asin(x); };
constexpr auto kAcos = [](auto x) { return std::acos(x); };
constexpr auto kAtan = [](auto x) { return std::atan(x); };
constexpr auto kSinh = [](auto x) { return std::sinh(x); };
constexpr auto kCosh = [](auto x) { return std::cosh(x); };
constexpr auto kTanh = [](auto x) { return std::tanh(x); };
constexpr auto kAsinh = [](auto x) { return std::asinh(x); };
constexpr auto kAcosh = [](auto x) { return std::acosh(x); };
constexpr auto kAtanh = [](auto x) { return std::atanh(x); };
constexpr auto kAtan2 = [](auto y, auto x) { return std::atan2(y, x); };
constexpr auto kSinc = [](auto x) {
  using T = decltype(x);
  if (x == T{0}) return T{1};
  const T angle = static_cast<T>(M_PI) * x;
  return std::sin(angle) / angle;
};

}  // namespace

ACLNN_UNARY_PAIR(Sin, kFloating, kSin)
ACLNN_UNARY_PAIR(Cos, kFloating, kCos)
ACLNN_UNARY(aclnnTan, aclTensor, kFloating, kTan)
ACLNN_UNARY_IN_PLACE(aclnnInplaceTan, const aclTensor, kFloating, kTan)
ACLNN_UNARY_PAIR(Asin, kFloating, kAsin)
ACLNN_UNARY_PAIR(Acos, kFloating, kAcos)
ACLNN_UNARY_PAIR(Atan, kFloating, kAtan)
ACLNN_UNARY_PAIR(Sinh, kFloating, kSinh)
ACLNN_UNARY_PAIR(Cosh, kFloating, kCosh)
ACLNN_UNARY_PAIR(Tanh, kFloating, kTanh)
ACLNN_UNARY_PAIR(Asinh, kFloating, kAsinh)
ACLNN_UNARY_PAIR(Acosh, kFloating, kAcosh)
ACLNN_UNARY_PAIR(Atanh, kFloating, kAtanh)
ACLNN_UNARY_PAIR(Sinc, kFloating, kSinc)
ACLNN_BINARY(aclnnAtan2, kFloating, kAtan2)

aclnnStatus aclnnInplaceAtan2GetWorkspaceSize(aclTensor* selfRef, aclTensor* other,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  return opapi::Map<opapi::Numbers::kFloating>(
      {"aclnnInplaceAtan2", workspaceSize, executor},
      opapi::Inputs({"selfRef", selfRef}, {"other", other}), opapi::NoScalars(),
      {"selfRef", selfRef}, kAtan2);
}
ACLNN_SECOND_PHASE(aclnnInplaceAtan2)
