// SPDX-License-Identifier: Apache-2.0
// Options of operators that a process or a context sets. They are kept and given back: that results
// are deterministic, and do not depend on where a row lies, is so on the host device anyway.
#pragma once

#include <array>
#include <atomic>

#include "host_runtime.h"

namespace host {

class SystemOptions {
 public:
  static constexpr int kCount = ACL_OPT_STRONG_CONSISTENCY + 1;

  // Read and written by every launch of torch_npu, so without a lock.
  std::atomic<int64_t>& operator[](aclSysParamOpt option) { return values_[option]; }

 private:
  std::array<std::atomic<int64_t>, kCount> values_{};
};

}  // namespace host
