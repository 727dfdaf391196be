// SPDX-License-Identifier: Apache-2.0
// What is known of each byte of a memory: who wrote it last, who has read it since. Kept by
// stretches of bytes with the same history, so that its cost follows the number of accesses, not
// their size.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "pipe_clock.h"
#include "place.h"

namespace host_ascendc {

// What a write to a status word tells whoever reads it.
struct Release {
  Clock clock;
  uint64_t cycle = 0;
};

struct Access {
  Epoch epoch;
  Place place;
  const char* call = "";
  uint64_t number = 0;  // of all accesses of the process, in the order in which they ran
  uint32_t core = 0;
  uint32_t rank = 0;
  bool atomic = false;  // adds to what is there, so that order among such writes does not matter
  bool cached = false;  // written to the core's data cache and not cleaned yet
  std::shared_ptr<const Release> release;
};

class Shadow {
 public:
  struct Stretch {
    uint64_t end;
    bool written;
    bool defined;  // false: written once, and the content is void since
    Access write;
    std::vector<Access> reads;  // since the write, the last one of each lane
  };

  // What an access meets: earlier accesses to the same bytes.
  struct Encounter {
    uint64_t begin;
    uint64_t end;
    bool written;
    bool defined;
    const Access* write;
    const std::vector<Access>* reads;
  };

  // visit(const Encounter&) for each stretch of [begin, end), gaps included, until it returns
  // false.
  template <typename Visit>
  void Meet(uint64_t begin, uint64_t end, Visit visit) const {
    static const std::vector<Access> kNoReads;
    auto stretch = stretches_.upper_bound(begin);
    if (stretch != stretches_.begin()) {
      auto previous = std::prev(stretch);
      if (previous->second.end > begin) stretch = previous;
    }
    uint64_t at = begin;
    for (; stretch != stretches_.end() && stretch->first < end; ++stretch) {
      if (stretch->first > at &&
          !visit(Encounter{at, stretch->first, false, false, nullptr, &kNoReads})) {
        return;
      }
      const Stretch& known = stretch->second;
      const uint64_t from = stretch->first > begin ? stretch->first : begin;
      const uint64_t to = known.end < end ? known.end : end;
      if (!visit(Encounter{from, to, known.written, known.defined, &known.write, &known.reads}))
        return;
      at = to;
    }
    if (at < end) visit(Encounter{at, end, false, false, nullptr, &kNoReads});
  }

  void Read(uint64_t begin, uint64_t end, const Access& access);
  void Write(uint64_t begin, uint64_t end, const Access& access);
  // change(Access* write) for each write in [begin, end).
  template <typename Change>
  void ChangeWrites(uint64_t begin, uint64_t end, Change change) {
    SplitAt(begin);
    SplitAt(end);
    for (auto it = stretches_.lower_bound(begin); it != stretches_.end() && it->first < end; ++it) {
      if (it->second.written) change(&it->second.write);
    }
  }
  // The content is void; who wrote and read stays known.
  void Spoil(uint64_t begin, uint64_t end);

 private:
  void Erase(uint64_t begin, uint64_t end);
  void SplitAt(uint64_t offset);

  std::map<uint64_t, Stretch> stretches_;  // by first byte
};

}  // namespace host_ascendc
