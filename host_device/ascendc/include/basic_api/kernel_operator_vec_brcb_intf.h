// SPDX-License-Identifier: Apache-2.0
// Each element into a block of its own.
#pragma once

#include <cstdint>

#include "kernel_vector_forms.h"

namespace AscendC {

// A repeat takes eight elements of src and fills eight blocks of dst.
template <typename T>
inline void Brcb(const LocalTensor<T>& dst, const LocalTensor<T>& src, const uint8_t repeat_time,
                 const BrcbRepeatParams& repeat_params,
                 host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, bfloat16_t, int16_t, uint16_t, float, int32_t, uint32_t>,
                "Brcb is for elements of two and four bytes");
  using host_ascendc::kBlockBytes;
  using host_ascendc::kBlocksPerRepeat;
  if (repeat_time == 0) return;
  constexpr auto kInBlock = static_cast<uint32_t>(kBlockBytes / sizeof(T));
  host_ascendc::Core& core = host_ascendc::Core::Current();
  const auto source_bytes = static_cast<uint32_t>(repeat_time * kBlocksPerRepeat * sizeof(T));
  const T* source =
      reinterpret_cast<const T*>(core.Ub(ViewOf(src), source_bytes, kBlockBytes, "Brcb", place));
  const auto block_at = [&](uint32_t repeat, uint32_t block) {
    return (repeat * repeat_params.dstRepStride + block * repeat_params.dstBlkStride) * kBlockBytes;
  };
  const host_ascendc::UbView to = ViewOf(dst);
  uint8_t* target = core.Ub(to, block_at(repeat_time - 1u, kBlocksPerRepeat - 1) + kBlockBytes,
                            kBlockBytes, "Brcb", place);
  if (host_ascendc::VectorNote note{&core, "Brcb", place, sizeof(T),
                                    uint64_t{repeat_time} * kBlocksPerRepeat * kInBlock}) {
    note.Reads(ViewOf(src).address, source_bytes);
    for (uint32_t repeat = 0; repeat < repeat_time; ++repeat) {
      for (uint32_t block = 0; block < kBlocksPerRepeat; ++block) {
        note.Writes(to.address + block_at(repeat, block), kBlockBytes);
      }
    }
    note.End();
  }
  for (uint32_t repeat = 0; repeat < repeat_time; ++repeat) {
    for (uint32_t block = 0; block < kBlocksPerRepeat; ++block) {
      T* to_block = reinterpret_cast<T*>(target + block_at(repeat, block));
      const T value = source[repeat * kBlocksPerRepeat + block];
      for (uint32_t i = 0; i < kInBlock; ++i) to_block[i] = value;
    }
  }
}

}  // namespace AscendC
