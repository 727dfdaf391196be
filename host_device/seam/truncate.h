// SPDX-License-Identifier: Apache-2.0
// A cast to int64 that is defined for every number: outside of the range the nearest end, NaN 0.
#pragma once

#include <cstdint>

namespace host {

template <typename Real>
inline int64_t Truncate(Real value) {
  if (value != value) return 0;
  if (value >= Real{0x1p63}) return INT64_MAX;
  if (value < Real{-0x1p63}) return INT64_MIN;
  return static_cast<int64_t>(value);
}

}  // namespace host
