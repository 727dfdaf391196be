// SPDX-License-Identifier: Apache-2.0
// first, first + 1, ...
#pragma once

#include <cstdint>

#include "kernel_vector_forms.h"

namespace AscendC {

template <typename T>
inline void CreateVecIndex(LocalTensor<T> dst, const T& first_value, uint32_t count,
                           host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, int16_t, int32_t, half, float>, "CreateVecIndex: element type");
  if (count == 0) return;
  host_ascendc::Core& core = host_ascendc::Core::Current();
  const auto bytes = static_cast<uint32_t>(count * sizeof(T));
  T* target = reinterpret_cast<T*>(
      core.Ub(ViewOf(dst), bytes, host_ascendc::kBlockBytes, "CreateVecIndex", place));
  if (host_ascendc::VectorNote note{&core, "CreateVecIndex", place, sizeof(T), count}) {
    note.Writes(ViewOf(dst).address, bytes);
    note.End();
  }
  for (uint32_t i = 0; i < count; ++i) {
    if constexpr (kIsOneOf<T, half, float>) {
      target[i] = T(static_cast<float>(first_value) + static_cast<float>(i));
    } else {
      target[i] = static_cast<T>(first_value + static_cast<T>(i));
    }
  }
}

}  // namespace AscendC
