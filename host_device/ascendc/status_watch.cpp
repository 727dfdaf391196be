// SPDX-License-Identifier: Apache-2.0
#include "status_watch.h"

namespace host_ascendc {
namespace {

// A kernel may well look twice at a word that nobody changes; one that polls does so without end.
constexpr uint32_t kRepeatsBeforePark = 4;

bool Aligned(const void* a, const void* b, uint64_t bytes) {
  return ((reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) | bytes) & 3) == 0;
}

}  // namespace

void LoadStatus(uint8_t* to, const uint8_t* from, uint64_t bytes) {
  if (!Aligned(to, from, bytes)) {
    for (uint64_t i = 0; i < bytes; ++i) to[i] = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);
    return;
  }
  auto* words = reinterpret_cast<uint32_t*>(to);
  const auto* source = reinterpret_cast<const uint32_t*>(from);
  for (uint64_t i = 0; i < bytes / 4; ++i) words[i] = __atomic_load_n(source + i, __ATOMIC_ACQUIRE);
}

void StoreStatus(uint8_t* to, const uint8_t* from, uint64_t bytes) {
  if (!Aligned(to, from, bytes)) {
    for (uint64_t i = 0; i < bytes; ++i) __atomic_store_n(to + i, from[i], __ATOMIC_RELEASE);
    return;
  }
  auto* words = reinterpret_cast<uint32_t*>(to);
  const auto* source = reinterpret_cast<const uint32_t*>(from);
  for (uint64_t i = 0; i < bytes / 4; ++i) {
    __atomic_store_n(words + i, source[i], __ATOMIC_RELEASE);
  }
}

void StatusWatch::Load(const StatusRange& range, std::vector<uint8_t>* content) {
  content->resize(uint64_t{range.block_bytes} * range.blocks);
  for (uint32_t block = 0; block < range.blocks; ++block) {
    LoadStatus(content->data() + uint64_t{block} * range.block_bytes,
               range.address + block * range.distance, range.block_bytes);
  }
}

StatusWatch::Advice StatusWatch::OnRead(const StatusRange& range, const GmRegion* region,
                                        const Place& place) {
  Load(range, &now_);
  Seen* known = nullptr;
  for (size_t i = 0; i < seen_.size(); ++i) {
    Seen& seen = seen_[i];
    if (seen.range.address != range.address || seen.content.size() != now_.size() ||
        seen.range.blocks != range.blocks) {
      continue;
    }
    known = &seen;
    last_ = i;
    break;
  }
  if (known == nullptr) {
    last_ = seen_.size();
    seen_.push_back({range, now_, 0, writes_, region, place});
    return Advice::kGoOn;
  }
  known->place = place;
  if (known->content != now_ || known->written_before != writes_) {
    known->content = now_;
    known->repeats = 0;
    known->written_before = writes_;
    return Advice::kGoOn;
  }
  return ++known->repeats > kRepeatsBeforePark ? Advice::kPark : Advice::kGiveWay;
}

void StatusWatch::OnWrite() { ++writes_; }

bool StatusWatch::Changed() const {
  std::vector<uint8_t> content;
  for (const Seen& seen : seen_) {
    if (seen.repeats == 0 || seen.written_before != writes_) continue;
    Load(seen.range, &content);
    if (content != seen.content) return true;
  }
  return false;
}

WaitingCore StatusWatch::Waits(uint32_t core) const {
  const Seen& seen = seen_[last_];
  return {core, seen.place, seen.region,
          static_cast<uint64_t>(seen.range.address - seen.region->address), seen.range.address};
}

}  // namespace host_ascendc
