// SPDX-License-Identifier: Apache-2.0
#include "trace.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "cost_model.h"
#include "fault.h"

namespace host_ascendc {
namespace {

std::string Metadata(const char* what, uint32_t core, int thread, const std::string& name) {
  return Text("{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%d,\"args\":{\"name\":\"%s\"}}",
              what, core, thread, name.c_str());
}

}  // namespace

std::string Trace::Json(const std::string& kernel, uint32_t rank) const {
  const double per_microsecond = CyclesPerMicrosecond();
  std::string json = "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"kernel\":\"" + kernel +
                     "\",\"rank\":" + std::to_string(rank) + "},\"traceEvents\":[\n";
  std::set<uint32_t> cores;
  for (const Event& event : events_) cores.insert(event.core);
  bool first = true;
  const auto add = [&](const std::string& line) {
    if (!first) json += ",\n";
    first = false;
    json += line;
  };
  for (const uint32_t core : cores) {
    add(Metadata("process_name", core, 0, Text("rank %u core %u", rank, core)));
    for (int pipe = 0; pipe < kPipes; ++pipe) {
      add(Metadata("thread_name", core, pipe, Name(static_cast<Pipe>(pipe))));
    }
  }
  for (const Event& event : events_) {
    add(
        Text("{\"ph\":\"X\",\"name\":\"%s\",\"pid\":%u,\"tid\":%d,\"ts\":%.4f,\"dur\":%.4f,"
             "\"args\":{\"at\":\"%s\",\"cycles\":%llu}}",
             event.call, event.core, Index(event.pipe),
             static_cast<double>(event.start) / per_microsecond,
             static_cast<double>(event.cycles) / per_microsecond, Show(event.place).c_str(),
             static_cast<unsigned long long>(event.cycles)));
  }
  return json + "\n]}\n";
}

bool Trace::Write(const std::string& path, const std::string& kernel, uint32_t rank,
                  std::string* error) const {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    *error = path + ": " + std::strerror(errno);
    return false;
  }
  const std::string json = Json(kernel, rank);
  const bool written = std::fwrite(json.data(), 1, json.size(), file) == json.size();
  if (std::fclose(file) == 0 && written) return true;
  *error = path + ": " + std::strerror(errno);
  return false;
}

}  // namespace host_ascendc
