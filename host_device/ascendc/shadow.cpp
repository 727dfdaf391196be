// SPDX-License-Identifier: Apache-2.0
#include "shadow.h"

#include <iterator>
#include <utility>

namespace host_ascendc {

void Shadow::SplitAt(uint64_t offset) {
  auto after = stretches_.upper_bound(offset);
  if (after == stretches_.begin()) return;
  auto stretch = std::prev(after);
  if (stretch->first == offset || stretch->second.end <= offset) return;
  Stretch right = stretch->second;
  stretch->second.end = offset;
  stretches_.emplace_hint(after, offset, std::move(right));
}

void Shadow::Read(uint64_t begin, uint64_t end, const Access& access) {
  SplitAt(begin);
  SplitAt(end);
  uint64_t at = begin;
  auto stretch = stretches_.lower_bound(begin);
  while (at < end) {
    if (stretch == stretches_.end() || stretch->first > at) {
      const uint64_t gap_end =
          stretch == stretches_.end() || stretch->first > end ? end : stretch->first;
      stretch = stretches_.emplace_hint(stretch, at, Stretch{gap_end, false, false, Access(), {}});
    }
    std::vector<Access>& reads = stretch->second.reads;
    bool replaced = false;
    for (Access& earlier : reads) {
      if (earlier.epoch.lane != access.epoch.lane) continue;
      earlier = access;
      replaced = true;
      break;
    }
    if (!replaced) reads.push_back(access);
    at = stretch->second.end;
    ++stretch;
  }
}

void Shadow::Write(uint64_t begin, uint64_t end, const Access& access) {
  Erase(begin, end);
  stretches_.emplace(begin, Stretch{end, true, true, access, {}});
}

void Shadow::Erase(uint64_t begin, uint64_t end) {
  SplitAt(begin);
  SplitAt(end);
  stretches_.erase(stretches_.lower_bound(begin), stretches_.lower_bound(end));
}

void Shadow::Spoil(uint64_t begin, uint64_t end) {
  SplitAt(begin);
  SplitAt(end);
  for (auto it = stretches_.lower_bound(begin); it != stretches_.end() && it->first < end; ++it) {
    it->second.defined = false;
  }
}

}  // namespace host_ascendc
