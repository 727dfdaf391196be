// SPDX-License-Identifier: Apache-2.0
// The flags between pipes of a core: eight for each pair of pipes, as event ids. A queue takes its
// ids from the same pool as the kernel.
#pragma once

#include <cstdint>

#include "pipe.h"
#include "pipe_clock.h"
#include "place.h"

namespace host_ascendc {

// 0-7 on Atlas A3 (asc-devkit, SetFlag/WaitFlag).
constexpr int kEventIds = 8;

struct Event {
  Pipe from;
  Pipe to;
};

struct Flag {
  bool set = false;
  Place place;  // of the last SetFlag
  Clock clock;  // what was complete then
  uint64_t cycle = 0;
};

class Events {
 public:
  // The lowest free id; takes it or only tells it.
  int8_t Alloc(Event event, const Place& place);
  int8_t Fetch(Event event, const Place& place) const;
  void Release(Event event, int id, const Place& place);

  void Set(Event event, int id, const Place& place);
  void Wait(Event event, int id, const Place& place);
  Flag& flag(Event event, int id) { return pair(event).flags[id]; }

  // Fails where something is left over at the end of the kernel.
  void ExpectAllDone(bool ids_too) const;

 private:
  struct Pair {
    uint8_t taken = 0;  // by bit
    Place taken_at[kEventIds];
    Flag flags[kEventIds];
  };

  Pair& pair(Event event) { return pairs_[Index(event.from) * kPipes + Index(event.to)]; }
  const Pair& pair(Event event) const {
    return pairs_[Index(event.from) * kPipes + Index(event.to)];
  }

  Pair pairs_[kPipes * kPipes];
};

}  // namespace host_ascendc
