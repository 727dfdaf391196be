// SPDX-License-Identifier: Apache-2.0
// The global memory that a launch may touch: its regions, and what is known of their bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "launch.h"
#include "shadow.h"

namespace host_ascendc {

// What is known of one region's memory. Ranks of one process share it for windows and status words.
struct RegionHistory {
  std::mutex mutex;
  Shadow shadow;
};

class GmSpace {
 public:
  struct Region {
    const GmRegion* of;
    std::shared_ptr<RegionHistory> history;  // null in functional mode and for read-only tensors
  };

  GmSpace(const Launch& launch, bool with_history);

  // The region that holds [address, address + bytes), or null.
  const Region* Find(const void* address, uint64_t bytes) const;
  // For messages: the region that holds the address or ends last before it.
  const GmRegion* Nearest(const void* address) const;

 private:
  std::vector<Region> regions_;  // by address
};

// The shared history of window or status memory; made when first asked for.
std::shared_ptr<RegionHistory> SharedHistory(const GmRegion& region);

}  // namespace host_ascendc
