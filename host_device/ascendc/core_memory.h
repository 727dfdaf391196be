// SPDX-License-Identifier: Apache-2.0
// UB and stacks for the cores of a thread's launches, kept from one to the next.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fibre.h"

namespace host_ascendc {

class CoreMemory {
 public:
  // Of the calling thread.
  static CoreMemory& Own();

  ~CoreMemory();
  void Reserve(uint32_t cores);
  uint8_t* ub(uint32_t core) { return ubs_[core]; }
  FibreStack* stack(uint32_t core) { return stacks_[core].get(); }

 private:
  std::vector<uint8_t*> ubs_;
  std::vector<std::unique_ptr<FibreStack>> stacks_;
};

}  // namespace host_ascendc
