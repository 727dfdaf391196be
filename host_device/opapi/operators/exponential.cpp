// SPDX-License-Identifier: Apache-2.0
// Exponentials, logarithms and the functions of the error integral.
#include <cmath>

#include "aclnnop/aclnn_erf.h"
#include "aclnnop/aclnn_erfc.h"
#include "aclnnop/aclnn_erfinv.h"
#include "aclnnop/aclnn_exp.h"
#include "aclnnop/aclnn_exp2.h"
#include "aclnnop/aclnn_expm1.h"
#include "aclnnop/aclnn_lgamma.h"
#include "aclnnop/aclnn_log.h"
#include "aclnnop/aclnn_log10.h"
#include "aclnnop/aclnn_log1p.h"
#include "aclnnop/aclnn_log2.h"
#include "aclnnop/aclnn_logaddexp.h"
#include "aclnnop/aclnn_logaddexp2.h"
#include "aclnnop/aclnn_logit.h"
#include "aclnnop/aclnn_x_log_y_scalar_other.h"
#include "aclnnop/aclnn_x_log_y_scalar_self.h"
#include "aclnnop/aclnn_x_log_y_tensor.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Inputs;
using opapi::Map;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Scalars;

constexpr auto kExp = [](auto x) { return std::exp(x); };
constexpr auto kExp2 = [](auto x) { return std::exp2(x); };
constexpr auto kExpm1 = [](auto x) { return std::expm1(x); };
constexpr auto kLog = [](auto x) { return std::log(x); };
constexpr auto kLog2 = [](auto x) { return std::log2(x); };
constexpr auto kLog10 = [](auto x) { return std::log10(x); };
constexpr auto kLog1p = [](auto x) { return std::log1p(x); };
constexpr auto kErf = [](auto x) { return std::erf(x); };
constexpr auto kErfc = [](auto x) { return std::erfc(x); };

// The plain lgamma writes a variable that all threads share.
constexpr auto kLgamma = [](auto x) {
  int sign;
  return static_cast<decltype(x)>(lgamma_r(x, &sign));
};

double ErrorIntegralInverse(double x) {
  if (std::isnan(x) || std::fabs(x) > 1) return NAN;
  if (std::fabs(x) == 1) return std::copysign(INFINITY, x);
  // Winitzki's approximation, good to 2e-3, which Newton's method doubles the digits of.
  constexpr double kA = 0.147;
  const double log = std::log1p(-x * x);
  const double half = 2 / (M_PI * kA) + log / 2;
  double y = std::copysign(std::sqrt(std::sqrt(half * half - log / kA) - half), x);
  // Far out the complement keeps the digits that erf(y) - x would cancel.
  for (int step = 0; step < 4; ++step) {
    const double error = std::fabs(x) < 0.5 ? std::erf(y) - x
                         : x > 0            ? (1 - x) - std::erfc(y)
                                            : std::erfc(-y) - (1 + x);
    y -= error / (M_2_SQRTPI * std::exp(-y * y));
  }
  return y;
}

constexpr auto kErfinv = [](auto x) {
  return static_cast<decltype(x)>(ErrorIntegralInverse(static_cast<double>(x)));
};

// Both infinite and equal: their difference would be NaN.
constexpr auto kLogAddExp = [](auto a, auto b) {
  if (a == b && std::isinf(a)) return a;
  return std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
};
constexpr auto kLogAddExp2 = [](auto a, auto b) {
  using T = decltype(a);
  if (a == b && std::isinf(a)) return a;
  return std::fmax(a, b) + std::log1p(std::exp2(-std::fabs(a - b))) * static_cast<T>(M_LOG2E);
};

constexpr auto kXLogY = [](auto x, auto y) {
  using T = decltype(x);
  if (std::isnan(y)) return y;
  return x == T{0} ? T{0} : x * std::log(y);
};

}  // namespace

ACLNN_UNARY_PAIR(Exp, kFloating, kExp)
ACLNN_UNARY_PAIR(Exp2, kFloating, kExp2)
ACLNN_UNARY_PAIR(Expm1, kFloating, kExpm1)
ACLNN_UNARY_PAIR(Log, kFloating, kLog)
ACLNN_UNARY(aclnnLog2, const aclTensor, kFloating, kLog2)
ACLNN_UNARY_IN_PLACE(aclnnInplaceLog2, const aclTensor, kFloating, kLog2)
ACLNN_UNARY_PAIR(Log10, kFloating, kLog10)
ACLNN_UNARY_PAIR(Log1p, kFloating, kLog1p)
ACLNN_UNARY_PAIR(Erf, kFloating, kErf)
ACLNN_UNARY(aclnnErfc, aclTensor, kFloating, kErfc)
ACLNN_UNARY_IN_PLACE(aclnnInplaceErfc, const aclTensor, kFloating, kErfc)
ACLNN_UNARY(aclnnErfinv, aclTensor, kFloating, kErfinv)
ACLNN_UNARY_IN_PLACE(aclnnInplaceErfinv, const aclTensor, kFloating, kErfinv)
ACLNN_UNARY(aclnnLgamma, aclTensor, kFloating, kLgamma)
ACLNN_BINARY(aclnnLogAddExp, kFloating, kLogAddExp)
ACLNN_BINARY(aclnnLogAddExp2, kFloating, kLogAddExp2)
ACLNN_BINARY(aclnnXLogYTensor, kFloating, kXLogY)
ACLNN_BINARY_IN_PLACE(aclnnInplaceXLogYTensor, aclTensor, kFloating, kXLogY)
ACLNN_SCALAR(aclnnXLogYScalarOther, kFloating, kAsGiven, kXLogY)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceXLogYScalarOther, aclTensor, kFloating, kAsGiven, kXLogY)

aclnnStatus aclnnXLogYScalarSelfGetWorkspaceSize(const aclScalar* self, const aclTensor* other,
                                                 aclTensor* out, uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return Map<Numbers::kFloating>({"aclnnXLogYScalarSelf", workspaceSize, executor},
                                 Inputs({"other", other}), Scalars({"self", self}), {"out", out},
                                 [](auto y, auto x) { return kXLogY(x, y); });
}
ACLNN_SECOND_PHASE(aclnnXLogYScalarSelf)

aclnnStatus aclnnLogitGetWorkspaceSize(const aclTensor* input, double eps, const aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kFloating>({"aclnnLogit", workspaceSize, executor}, Inputs({"input", input}),
                                 NoScalars(), {"out", out}, [eps](auto x) {
                                   using T = decltype(x);
                                   if (eps >= 0) {
                                     const T low = static_cast<T>(eps);
                                     const T high = T{1} - low;
                                     x = x < low ? low : x > high ? high : x;
                                   }
                                   return std::log(x / (T{1} - x));
                                 });
}
ACLNN_SECOND_PHASE(aclnnLogit)
