// SPDX-License-Identifier: Apache-2.0
// Elements from anywhere in UB.
#pragma once

#include <cstdint>

#include "fault.h"
#include "kernel_vector_forms.h"

namespace AscendC {

// dst[i] = the element at src + base + src_offset[i]; offsets count bytes.
template <typename T>
inline void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                   const LocalTensor<uint32_t>& src_offset, const uint32_t src_base_offset,
                   const uint32_t count, host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, bfloat16_t, int16_t, uint16_t, float, int32_t, uint32_t>,
                "Gather is for elements of two and four bytes");
  using host_ascendc::kBlockBytes;
  if (count == 0) return;
  host_ascendc::Core& core = host_ascendc::Core::Current();
  const auto bytes = static_cast<uint32_t>(count * sizeof(T));
  const auto offset_bytes = static_cast<uint32_t>(count * sizeof(uint32_t));
  T* target = reinterpret_cast<T*>(core.Ub(ViewOf(dst), bytes, kBlockBytes, "Gather", place));
  const auto* offsets = reinterpret_cast<const uint32_t*>(
      core.Ub(ViewOf(src_offset), offset_bytes, kBlockBytes, "Gather", place));
  host_ascendc::UbView from = ViewOf(src);
  core.Ub(from, 0, kBlockBytes, "Gather", place);
  const auto element_at = [&](uint32_t i) {
    host_ascendc::UbView element = from;
    element.address += src_base_offset + offsets[i];
    core.Ub(element, sizeof(T), sizeof(T), "Gather", place);
    return element.address;
  };
  host_ascendc::VectorNote note(&core, "Gather", place, sizeof(T), count);
  if (note) {
    note.Reads(ViewOf(src_offset).address, offset_bytes);
    for (uint32_t i = 0; i < count; ++i) note.Reads(element_at(i), sizeof(T));
    note.Writes(ViewOf(dst).address, bytes);
    note.End();
  }
  for (uint32_t i = 0; i < count; ++i) {
    target[i] = *reinterpret_cast<const T*>(core.UbBase() + element_at(i));
  }
}

}  // namespace AscendC
