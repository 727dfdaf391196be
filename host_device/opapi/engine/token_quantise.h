// SPDX-License-Identifier: Apache-2.0
// A row of numbers to the range of int8, with a scale of its own.
#pragma once

#include <cstdint>

namespace opapi {

// values[i] becomes rint(values[i] / scale), scale = max|values| / 127, which is returned. A row of
// zeros stays one.
float QuantiseToken(float* values, int64_t count);

// values[i] becomes rint(values[i] / scale + offset), which takes the range from the least to the
// greatest value to that of int8.
float QuantiseToRange(float* values, int64_t count, float* offset);

}  // namespace opapi
