// SPDX-License-Identifier: Apache-2.0
#include "engine/token_quantise.h"

#include <algorithm>
#include <cmath>

namespace opapi {

namespace {

constexpr float kLowest = -128;
constexpr float kHighest = 127;

float Rounded(float value) { return std::min(kHighest, std::max(kLowest, std::nearbyintf(value))); }

}  // namespace

float QuantiseToken(float* values, int64_t count) {
  float greatest = 0;
  for (int64_t i = 0; i < count; ++i) greatest = std::max(greatest, std::fabs(values[i]));
  const float scale = greatest / kHighest;
  if (scale == 0) {
    std::fill_n(values, count, 0.0F);
    return scale;
  }
  for (int64_t i = 0; i < count; ++i) values[i] = Rounded(values[i] / scale);
  return scale;
}

float QuantiseToRange(float* values, int64_t count, float* offset) {
  *offset = 0;
  if (count == 0) return 0;
  const auto [least, greatest] = std::minmax_element(values, values + count);
  const float most = *greatest;
  const float scale = (most - *least) / (kHighest - kLowest);
  if (scale == 0) {
    std::fill_n(values, count, 0.0F);
    return scale;
  }
  *offset = kHighest - most / scale;
  for (int64_t i = 0; i < count; ++i) values[i] = Rounded(values[i] / scale + *offset);
  return scale;
}

}  // namespace opapi
