// SPDX-License-Identifier: Apache-2.0
// What the observers of one rank keep from launch to launch, so that accesses of different launches
// of this process can be put in order.
#pragma once

#include <cstdint>
#include <vector>

#include "observer.h"
#include "pipe_clock.h"

namespace host_ascendc {

constexpr uint32_t kMaxCores = 64;

struct RankPast {
  uint32_t number = 0;  // of the rank among those of this process
  std::vector<Observer::CorePast> cores;

  Lane FirstLane(uint32_t core) const {
    return (number * kMaxCores + core) * static_cast<Lane>(kPipes);
  }
};

// One launch of a rank runs at a time, so it has its past for itself.
RankPast& PastOf(uint64_t device, uint32_t rank);

}  // namespace host_ascendc
