// SPDX-License-Identifier: Apache-2.0
// What a core knows of itself and of its rank.
#pragma once

#include <chrono>
#include <cstdint>

#include "core.h"
#include "kernel_common.h"

namespace AscendC {

constexpr uint32_t HCCL_GROUP_ID_0 = 0;
constexpr uint32_t HCCL_GROUP_ID_1 = 1;

inline int64_t GetBlockIdx() { return host_ascendc::Core::Current().index(); }
inline int64_t GetBlockNum() { return host_ascendc::Core::Current().cores(); }
inline int64_t GetSubBlockIdx() { return 0; }
inline int64_t GetSubBlockNum() { return 1; }
inline int64_t GetTaskRation() { return 1; }
constexpr int16_t GetDataBlockSizeInBytes() { return host_ascendc::kBlockBytes; }

// A clock of 50 MHz, as the device has.
inline int64_t GetSystemCycle() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() / 20;
}

template <uint32_t index>
inline GM_ADDR GetHcclContext() {
  static_assert(index < 2, "a kernel has at most two groups");
  return static_cast<GM_ADDR>(
      const_cast<void*>(host_ascendc::Core::Current().hccl_context(static_cast<int>(index))));
}

}  // namespace AscendC
