// SPDX-License-Identifier: Apache-2.0
// Copies to global memory that add to what is there.
#pragma once

#include "core.h"
#include "kernel_common.h"

namespace AscendC {

template <typename T>
inline void SetAtomicAdd(host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, float, half, bfloat16_t, int16_t, int32_t, int8_t>,
                "SetAtomicAdd is for float, half, bfloat16_t, int16_t, int32_t and int8_t");
  using host_ascendc::AtomicAdd;
  constexpr AtomicAdd kType = std::is_same_v<T, float>        ? AtomicAdd::kFloat
                              : std::is_same_v<T, half>       ? AtomicAdd::kHalf
                              : std::is_same_v<T, bfloat16_t> ? AtomicAdd::kBf16
                              : std::is_same_v<T, int16_t>    ? AtomicAdd::kInt16
                              : std::is_same_v<T, int32_t>    ? AtomicAdd::kInt32
                                                              : AtomicAdd::kInt8;
  host_ascendc::Core::Current().SetAtomic(kType, place);
}

inline void SetAtomicNone() {
  host_ascendc::Core::Current().SetAtomic(host_ascendc::AtomicAdd::kNone, host_ascendc::Place());
}

}  // namespace AscendC
