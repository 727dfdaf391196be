// SPDX-License-Identifier: Apache-2.0
// Threads of the runtime, and short spinning before a sleep.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

namespace host {

using Clock = std::chrono::steady_clock;
// Empty: no limit.
using Deadline = std::optional<Clock::time_point>;

Deadline AfterMs(int64_t ms);

// A detached thread with all asynchronous signals blocked, so that the program's own threads get
// them. Throws std::system_error when the system gives no thread.
void StartThread(const char* name, std::function<void()> body);

inline void CpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How long a waiter may burn a core before it sleeps: about what a sleep and a wake-up cost. Zero
// on one core, where the awaited thread could not run meanwhile.
std::chrono::nanoseconds SpinTime();

template <typename Ready>
bool SpinUntil(Ready&& ready) {
  if (ready()) return true;
  const std::chrono::nanoseconds limit = SpinTime();
  if (limit.count() == 0) return false;
  const Clock::time_point end = Clock::now() + limit;
  do {
    for (int i = 0; i < 8; ++i) {
      CpuRelax();
      if (ready()) return true;
    }
  } while (Clock::now() < end);
  return false;
}

}  // namespace host
