// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "cost_model.h"
#include "fault.h"
#include "launch.h"
#include "pipe.h"

namespace host_ascendc {
namespace {

unsigned long long Wide(uint64_t value) { return value; }

std::string JsonOf(const Counters& counters) {
  std::string json = Text(
      "{\"gm_read_bytes\":%llu,\"gm_written_bytes\":%llu,\"cycles\":%llu,\"peak_ub_bytes\":%llu,"
      "\"pipes\":{",
      Wide(counters.gm_read_bytes), Wide(counters.gm_written_bytes), Wide(counters.cycles),
      Wide(counters.peak_ub_bytes));
  for (int pipe = 0; pipe < kPipes; ++pipe) {
    json += Text("%s\"%s\":{\"instructions\":%llu,\"busy_cycles\":%llu}", pipe == 0 ? "" : ",",
                 Name(static_cast<Pipe>(pipe)), Wide(counters.instructions[pipe]),
                 Wide(counters.busy_cycles[pipe]));
  }
  return json + "}}";
}

}  // namespace

std::string Report::Json(const std::string& kernel, uint32_t rank) const {
  std::string json =
      "{\"kernel\":\"" + kernel + "\",\"rank\":" + std::to_string(rank) +
      Text(",\"microseconds\":%.4f", static_cast<double>(total.cycles) / CyclesPerMicrosecond()) +
      ",\"total\":" + JsonOf(total) + ",\"cores\":[";
  for (size_t core = 0; core < cores.size(); ++core) {
    json += (core == 0 ? "\n" : ",\n") + JsonOf(cores[core]);
  }
  return json + "\n]}\n";
}

}  // namespace host_ascendc
