// SPDX-License-Identifier: Apache-2.0
// Scalars between bfloat16_t and float.
#pragma once

#include "half_float.h"
#include "kernel_common.h"

namespace AscendC {

inline float ToFloat(const bfloat16_t& value) { return host::FloatOfBf16(value.bits); }
inline bfloat16_t ToBfloat16(const float& value) { return bfloat16_t(value); }

}  // namespace AscendC
