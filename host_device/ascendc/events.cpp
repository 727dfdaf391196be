// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <string>

#include "fault.h"

namespace host_ascendc {
namespace {

std::string NameOf(Event event) { return std::string(Name(event.from)) + "_" + Name(event.to); }

void CheckId(Event event, int id, const Place& place) {
  if (id >= 0 && id < kEventIds) return;
  Fail(place, "event id %d of %s: ids are 0 to %d", id, NameOf(event).c_str(), kEventIds - 1);
}

}  // namespace

int8_t Events::Fetch(Event event, const Place& place) const {
  const Pair& ids = pair(event);
  for (int id = 0; id < kEventIds; ++id) {
    if ((ids.taken >> id & 1) == 0) return static_cast<int8_t>(id);
  }
  Fail(place,
       "all %d event ids of %s are taken, the first at %s: ReleaseEventID or FreeTensor is "
       "missing, or the queues have too many buffers",
       kEventIds, NameOf(event).c_str(), Show(ids.taken_at[0]).c_str());
}

int8_t Events::Alloc(Event event, const Place& place) {
  const int8_t id = Fetch(event, place);
  Pair& ids = pair(event);
  ids.taken = static_cast<uint8_t>(ids.taken | 1u << id);
  ids.taken_at[id] = place;
  return id;
}

void Events::Release(Event event, int id, const Place& place) {
  CheckId(event, id, place);
  Pair& ids = pair(event);
  if ((ids.taken >> id & 1) == 0) {
    Fail(place, "event id %d of %s is released and was not allocated", id, NameOf(event).c_str());
  }
  ids.taken = static_cast<uint8_t>(ids.taken & ~(1u << id));
}

void Events::Set(Event event, int id, const Place& place) {
  CheckId(event, id, place);
  Flag& wanted = flag(event, id);
  if (wanted.set) {
    Fail(place, "SetFlag<%s>(%d), which was set at %s and not waited for since: the id is in use",
         NameOf(event).c_str(), id, Show(wanted.place).c_str());
  }
  wanted.set = true;
  wanted.place = place;
}

void Events::Wait(Event event, int id, const Place& place) {
  CheckId(event, id, place);
  Flag& wanted = flag(event, id);
  if (!wanted.set) {
    Fail(place, "WaitFlag<%s>(%d) and no SetFlag before it: the wait never ends",
         NameOf(event).c_str(), id);
  }
  wanted.set = false;
}

void Events::ExpectAllDone(bool ids_too) const {
  for (int from = 0; from < kPipes; ++from) {
    for (int to = 0; to < kPipes; ++to) {
      const Event event{static_cast<Pipe>(from), static_cast<Pipe>(to)};
      const Pair& ids = pair(event);
      for (int id = 0; id < kEventIds; ++id) {
        if (ids.flags[id].set) {
          Fail(ids.flags[id].place, "SetFlag<%s>(%d) has no WaitFlag by the end of the kernel",
               NameOf(event).c_str(), id);
        }
        if (ids_too && (ids.taken >> id & 1) != 0) {
          Fail(ids.taken_at[id], "event id %d of %s is not released by the end of the kernel", id,
               NameOf(event).c_str());
        }
      }
    }
  }
}

}  // namespace host_ascendc
