// SPDX-License-Identifier: Apache-2.0
#include "rank_past.h"

#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace host_ascendc {

RankPast& PastOf(uint64_t device, uint32_t rank) {
  static std::mutex mutex;
  static std::map<std::pair<uint64_t, uint32_t>, std::unique_ptr<RankPast>> all;
  const std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<RankPast>& past = all[{device, rank}];
  if (past == nullptr) {
    past = std::make_unique<RankPast>();
    past->number = static_cast<uint32_t>(all.size() - 1);
    past->cores.resize(kMaxCores);
    for (uint32_t core = 0; core < kMaxCores; ++core) {
      past->cores[core].clock = Clock(past->FirstLane(core));
    }
  }
  return *past;
}

}  // namespace host_ascendc
