// SPDX-License-Identifier: Apache-2.0
#include "gm_space.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace host_ascendc {
namespace {

using MemoryKey = std::tuple<uint64_t, uint64_t, Kind>;

MemoryKey KeyOf(const GmRegion& region) {
  if (region.memory != 0) return {region.memory, region.rank, region.kind};
  return {0, reinterpret_cast<uintptr_t>(region.address), region.kind};
}

struct Histories {
  std::mutex mutex;
  std::map<MemoryKey, std::shared_ptr<RegionHistory>> of;
};

Histories& AllHistories() {
  static Histories histories;
  return histories;
}

uintptr_t Number(const void* address) { return reinterpret_cast<uintptr_t>(address); }

}  // namespace

std::shared_ptr<RegionHistory> SharedHistory(const GmRegion& region) {
  Histories& all = AllHistories();
  const std::lock_guard<std::mutex> lock(all.mutex);
  std::shared_ptr<RegionHistory>& history = all.of[KeyOf(region)];
  if (history == nullptr) history = std::make_shared<RegionHistory>();
  return history;
}

void ForgetMemory(const GmRegion& region) {
  Histories& all = AllHistories();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.of.erase(KeyOf(region));
}

GmSpace::GmSpace(const Launch& launch, bool with_history) {
  for (const GmRegion& region : launch.regions) {
    if (region.address == nullptr || region.bytes == 0) continue;
    Region entry{&region, nullptr};
    if (with_history && (region.writable || region.kind != Kind::kTensor)) {
      entry.history =
          region.kind == Kind::kTensor ? std::make_shared<RegionHistory>() : SharedHistory(region);
    }
    regions_.push_back(std::move(entry));
  }
  std::sort(regions_.begin(), regions_.end(),
            [](const Region& a, const Region& b) { return a.of->address < b.of->address; });
}

const GmSpace::Region* GmSpace::Find(const void* address, uint64_t bytes) const {
  const auto after = std::upper_bound(
      regions_.begin(), regions_.end(), Number(address),
      [](uintptr_t wanted, const Region& region) { return wanted < Number(region.of->address); });
  if (after == regions_.begin()) return nullptr;
  const Region& region = *std::prev(after);
  const uint64_t offset = Number(address) - Number(region.of->address);
  return offset <= region.of->bytes && bytes <= region.of->bytes - offset ? &region : nullptr;
}

const GmRegion* GmSpace::Nearest(const void* address) const {
  const auto after = std::upper_bound(
      regions_.begin(), regions_.end(), Number(address),
      [](uintptr_t wanted, const Region& region) { return wanted < Number(region.of->address); });
  return after == regions_.begin() ? nullptr : std::prev(after)->of;
}

}  // namespace host_ascendc
