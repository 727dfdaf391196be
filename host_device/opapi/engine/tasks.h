// SPDX-License-Identifier: Apache-2.0
// Pieces of a kernel's work on several cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>

#include "host_runtime.h"

namespace opapi {

// Elements that are worth waking a second core for.
constexpr int64_t kElementsPerTask = 32 * 1024;

// Calls body(i) for i in [0, count) on all cores of the rank. An exception of a body is thrown
// here, after all others have ended.
template <typename Body>
void ForEachTask(int64_t count, const Body& body) {
  struct Loop {
    const Body* body;
    int64_t count;
    int64_t per_call;
    std::atomic<bool> failed{false};
    std::exception_ptr failure;
  };
  constexpr int64_t kMostCalls = std::numeric_limits<uint32_t>::max();
  Loop loop{&body, count, (count + kMostCalls - 1) / kMostCalls, {}, {}};
  if (count <= 0) return;
  const int64_t calls = (count + loop.per_call - 1) / loop.per_call;
  HostParallelFor(
      static_cast<uint32_t>(calls), HostCoreCount(),
      [](void* state, uint32_t call) {
        Loop& loop = *static_cast<Loop*>(state);
        const int64_t begin = call * loop.per_call;
        try {
          for (int64_t i = begin; i < begin + loop.per_call && i < loop.count; ++i) {
            (*loop.body)(i);
          }
        } catch (...) {
          if (!loop.failed.exchange(true)) loop.failure = std::current_exception();
        }
      },
      &loop);
  if (loop.failed) std::rethrow_exception(loop.failure);
}

// The same in groups: body(begin, end), so that one task has about kElementsPerTask elements where
// each i stands for `elements`.
template <typename Body>
void ForEachGroup(int64_t count, int64_t elements, const Body& body) {
  const int64_t group = elements >= kElementsPerTask ? 1 : kElementsPerTask / (elements + 1) + 1;
  ForEachTask((count + group - 1) / group, [&](int64_t task) {
    const int64_t begin = task * group;
    body(begin, begin + group < count ? begin + group : count);
  });
}

}  // namespace opapi
