// SPDX-License-Identifier: Apache-2.0
// Where things lie in the shared memory of a communicator.
#pragma once

#include "rank_slot.h"

namespace host_hccl {

constexpr uint64_t kStatusBytes = 1 << 20;
constexpr uint64_t kMegabyte = 1 << 20;

struct SegmentLayout {
  uint32_t ranks = 0;
  uint64_t window_bytes = 0;
  uint64_t slots = 0;     // offsets
  uint64_t channels = 0;  // ranks x ranks, by sender, then by receiver
  uint64_t status = 0;
  uint64_t windows = 0;
  uint64_t total = 0;  // bytes

  // False when the numbers are out of range or the sum does not fit.
  bool Set(uint32_t rank_count, uint32_t window_megabytes) {
    if (rank_count == 0 || rank_count > kMaxRanks || window_megabytes == 0) return false;
    ranks = rank_count;
    // None of this overflows: 2^10 ranks times 2^52 bytes at most.
    window_bytes = window_megabytes * kMegabyte;
    slots = kPageBytes;
    channels = slots + uint64_t{ranks} * sizeof(RankSlot);
    status = channels + uint64_t{ranks} * ranks * sizeof(Channel);
    windows = status + uint64_t{ranks} * kStatusBytes;
    total = windows + ranks * window_bytes;
    return total <= kMaxBytes;
  }

  // Fits the address space of every 64-bit target; the memory is only touched where it is used.
  static constexpr uint64_t kMaxBytes = uint64_t{1} << 45;
};

}  // namespace host_hccl
