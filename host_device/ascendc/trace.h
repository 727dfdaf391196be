// SPDX-License-Identifier: Apache-2.0
// When each instruction of a launch could run under the cost model, for chrome://tracing and
// Perfetto: one process per core, one thread per pipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipe.h"
#include "place.h"

namespace host_ascendc {

class Trace {
 public:
  struct Event {
    const char* call;
    Place place;
    uint32_t core;
    Pipe pipe;
    uint64_t start;  // cycles
    uint64_t cycles;
  };

  void Add(const Event& event) { events_.push_back(event); }
  const std::vector<Event>& events() const { return events_; }
  std::string Json(const std::string& kernel, uint32_t rank) const;
  // False with the reason when the file cannot be written.
  bool Write(const std::string& path, const std::string& kernel, uint32_t rank,
             std::string* error) const;

 private:
  std::vector<Event> events_;
};

}  // namespace host_ascendc
