// SPDX-License-Identifier: Apache-2.0
// The chip that tiling asks about, in our words.
#pragma once

#include <cstdint>

namespace fe {
class PlatFormInfos;
}

namespace platform_ascendc {

enum class CoreMemType { L0_A = 0, L0_B = 1, L0_C = 2, L1 = 3, L2 = 4, UB = 5 };

class PlatformAscendC {
 public:
  static inline uint32_t cores = 48;
  static inline uint64_t ub_bytes = 192 * 1024;

  explicit PlatformAscendC(fe::PlatFormInfos*) {}
  uint32_t GetCoreNumAiv() const { return cores; }
  void GetCoreMemSize(const CoreMemType& type, uint64_t& size) const {
    size = type == CoreMemType::UB ? ub_bytes : 0;
  }
  uint32_t CalcTschBlockDim(uint32_t slices, uint32_t, uint32_t) const { return slices; }
  uint32_t GetLibApiWorkSpaceSize() const { return 16 * 1024 * 1024; }
};

}  // namespace platform_ascendc
