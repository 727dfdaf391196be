// SPDX-License-Identifier: Apache-2.0
// Sleeping on a word of shared memory, across processes.
#pragma once

#include <atomic>
#include <cstdint>

namespace host_hccl {

// Sleeps while *word == expected, until woken or `timeout_ns` have passed; may also return for no
// reason. False when the time passed.
bool FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t timeout_ns);

void FutexWakeAll(std::atomic<uint32_t>* word);

// A hint to the core inside a spin loop.
inline void CpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace host_hccl
