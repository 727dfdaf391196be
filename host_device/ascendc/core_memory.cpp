// SPDX-License-Identifier: Apache-2.0
#include "core_memory.h"

#include <sys/mman.h>

#include <new>

#include "core.h"

namespace host_ascendc {

CoreMemory& CoreMemory::Own() {
  static thread_local CoreMemory memory;
  return memory;
}

CoreMemory::~CoreMemory() {
  for (uint8_t* ub : ubs_) munmap(ub, kUbBytes);
}

void CoreMemory::Reserve(uint32_t cores) {
  while (stacks_.size() < cores) stacks_.push_back(std::make_unique<FibreStack>());
  while (ubs_.size() < cores) {
    void* ub = mmap(nullptr, kUbBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ub == MAP_FAILED) throw std::bad_alloc();
    ubs_.push_back(static_cast<uint8_t*>(ub));
  }
}

}  // namespace host_ascendc
