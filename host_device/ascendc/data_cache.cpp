// SPDX-License-Identifier: Apache-2.0
#include "data_cache.h"

#include <algorithm>
#include <mutex>

#include "fault.h"

namespace host_ascendc {

DataCache::Line DataCache::LineOf(const GmSpace::Region& region, uint64_t offset) {
  const uint8_t* const base = region.of->address;
  const auto address = reinterpret_cast<uintptr_t>(base) + offset;
  const auto* line = reinterpret_cast<const uint8_t*>(address / kLineBytes * kLineBytes);
  const uint64_t begin = line < base ? 0 : static_cast<uint64_t>(line - base);
  const uint64_t end = std::min(static_cast<uint64_t>(line + kLineBytes - base), region.of->bytes);
  return {line, begin, end};
}

void DataCache::NoteWrite(const GmSpace::Region& region, uint64_t offset, const Place& place) {
  const Line line = LineOf(region, offset);
  dirty_.insert_or_assign(
      line.address, Dirty{region.history.get(), region.of->name, place, line.begin, line.end});
}

void DataCache::Publish(const Dirty& line, Lane scalar_lane,
                        const std::shared_ptr<const Release>& release, uint64_t number) {
  const std::lock_guard<std::mutex> lock(line.history->mutex);
  line.history->shadow.ChangeWrites(line.begin, line.end, [&](Access* write) {
    if (!write->cached || write->epoch.lane != scalar_lane) return;
    write->cached = false;
    write->number = number;
    write->release = release;
  });
}

void DataCache::Clean(const GmSpace::Region& region, uint64_t offset, Lane scalar_lane,
                      const std::shared_ptr<const Release>& release, uint64_t number) {
  const uint8_t* const line = LineOf(region, offset).address;
  const auto dirty = dirty_.find(line);
  if (dirty != dirty_.end()) {
    Publish(dirty->second, scalar_lane, release, number);
    dirty_.erase(dirty);
  }
  clean_since_[line] = number;
}

void DataCache::CleanAll(Lane scalar_lane, const std::shared_ptr<const Release>& release,
                         uint64_t number) {
  for (const auto& line : dirty_) Publish(line.second, scalar_lane, release, number);
  dirty_.clear();
  all_clean_since_ = number;
}

uint64_t DataCache::CleanSince(const GmSpace::Region& region, uint64_t offset) const {
  const auto cleaned = clean_since_.find(LineOf(region, offset).address);
  return std::max(all_clean_since_, cleaned == clean_since_.end() ? uint64_t{0} : cleaned->second);
}

void DataCache::ExpectClean() const {
  if (dirty_.empty()) return;
  const Dirty& line = dirty_.begin()->second;
  Fail(line.place,
       "SetValue to %s is not followed by DataCacheCleanAndInvalid by the end of the kernel: it "
       "stays in the core's data cache",
       line.region.c_str());
}

}  // namespace host_ascendc
