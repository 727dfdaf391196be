// SPDX-License-Identifier: Apache-2.0
// A point on the monotonic clock at which a wait gives up.
#pragma once

#include <chrono>
#include <cstdint>

namespace host_hccl {

inline int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

constexpr int64_t kNsPerMs = 1000000;
constexpr int64_t kNsPerSecond = 1000 * kNsPerMs;

// A wait looks after the one it waits for this often.
constexpr int64_t kSliceNs = 100 * kNsPerMs;

class Deadline {
 public:
  explicit Deadline(int64_t seconds) : end_ns_(NowNs() + seconds * kNsPerSecond) {}
  int64_t LeftNs() const { return end_ns_ - NowNs(); }
  bool Passed() const { return LeftNs() <= 0; }

 private:
  int64_t end_ns_;
};

}  // namespace host_hccl
