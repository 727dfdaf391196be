// SPDX-License-Identifier: Apache-2.0
// Activations that several operators compute.
#pragma once

#include <cmath>

namespace opapi {

inline constexpr auto kSigmoid = [](auto x) {
  using T = decltype(x);
  return T{1} / (T{1} + std::exp(-x));
};

inline constexpr auto kSilu = [](auto x) { return x / (decltype(x){1} + std::exp(-x)); };

inline constexpr auto kGelu = [](auto x) {
  using T = decltype(x);
  return T(0.5) * x * (T{1} + std::erf(x * T(M_SQRT1_2)));
};

inline constexpr auto kGeluTanh = [](auto x) {
  using T = decltype(x);
  constexpr T kCubic = T(0.044715);
  constexpr T kSlope = T(M_2_SQRTPI * M_SQRT1_2);
  return T(0.5) * x * (T{1} + std::tanh(kSlope * (x + kCubic * x * x * x)));
};

}  // namespace opapi
