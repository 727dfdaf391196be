// SPDX-License-Identifier: Apache-2.0
// How a call inside libhccl ended: HCCL's status and, unless it is success, the reason.
#pragma once

#include <string>

#include "hccl/hccl_types.h"

namespace host_hccl {

struct [[nodiscard]] Outcome {
  HcclResult code = HCCL_SUCCESS;
  std::string text;
  bool ok() const { return code == HCCL_SUCCESS; }
};

Outcome Failed(HcclResult code, const char* format, ...) __attribute__((format(printf, 2, 3)));
// What the runtime refuses, with the text that it has left.
Outcome RuntimeFailed();

// "1-3, 7": ranks in ascending order, the list cut after a few runs ("... and 90 more").
class RankList {
 public:
  void Add(uint32_t rank);
  uint32_t count() const { return count_; }
  std::string Text() const;

 private:
  void CloseRun();

  static constexpr uint32_t kMaxRuns = 12;
  std::string text_;
  uint32_t count_ = 0;
  uint32_t listed_ = 0;
  uint32_t runs_ = 0;
  uint32_t first_ = 0;
  uint32_t last_ = 0;
  bool open_ = false;
};

}  // namespace host_hccl
