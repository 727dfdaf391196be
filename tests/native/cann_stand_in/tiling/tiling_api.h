// SPDX-License-Identifier: Apache-2.0
// HCCL's tiling, in our words: as CANN's it notes in the first part how far the others lie from it.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

struct alignas(8) Mc2InitTiling {
  uint32_t count;
  uint32_t offsets[8];
};
struct alignas(8) Mc2CcTiling {
  char group[128];
  char algorithm[128];
  uint32_t operation;
};

namespace AscendC {

class Mc2CcTilingConfig {
 public:
  static inline uint32_t status = 0;  // what GetTiling gives

  Mc2CcTilingConfig(const std::string& group, uint32_t operation, const std::string& algorithm)
      : group_(group), operation_(operation), algorithm_(algorithm) {}
  uint32_t GetTiling(Mc2InitTiling& tiling) {
    tiling = {};
    init_ = &tiling;
    return status;
  }
  uint32_t GetTiling(Mc2CcTiling& tiling) {
    tiling = {};
    std::strncpy(tiling.group, group_.c_str(), sizeof(tiling.group) - 1);
    std::strncpy(tiling.algorithm, algorithm_.c_str(), sizeof(tiling.algorithm) - 1);
    tiling.operation = operation_;
    init_->offsets[init_->count++] = static_cast<uint32_t>(reinterpret_cast<uint8_t*>(&tiling) -
                                                           reinterpret_cast<uint8_t*>(init_));
    return status;
  }
  void SetGroupName(const std::string& group) { group_ = group; }
  void SetOpType(uint32_t operation) { operation_ = operation; }
  void SetAlgConfig(const std::string& algorithm) { algorithm_ = algorithm; }

 private:
  std::string group_;
  uint32_t operation_;
  std::string algorithm_;
  Mc2InitTiling* init_ = nullptr;
};

}  // namespace AscendC
