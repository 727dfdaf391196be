// SPDX-License-Identifier: Apache-2.0
// The interface through which libraries report to CANN's profiler, which is not here.
#include <chrono>

#include "refuse.h"

namespace {

int32_t NoProfiler(const char* function) {
  return host::Refuse(ACL_ERROR_PROF_MODULES_UNSUPPORTED,
                      "%s: the host device has no profiler; use torch.profiler with CPU "
                      "activities, or perf",
                      function);
}

// FNV-1a, 64 bits.
constexpr uint64_t kHashStart = 14695981039346656037u;
constexpr uint64_t kHashPrime = 1099511628211u;

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int32_t MsprofRegisterCallback(uint32_t /*moduleId*/,
                               int32_t (* /*handle*/)(uint32_t type, void* data, uint32_t length)) {
  return NoProfiler(__func__);
}

int32_t MsprofReportApi(uint32_t /*nonPersistantFlag*/, const void* /*api*/) {
  return NoProfiler(__func__);
}

int32_t MsprofReportCompactInfo(uint32_t /*nonPersistantFlag*/, const void* /*data*/,
                                uint32_t /*length*/) {
  return NoProfiler(__func__);
}

int32_t MsprofReportAdditionalInfo(uint32_t /*nonPersistantFlag*/, const void* /*data*/,
                                   uint32_t /*length*/) {
  return NoProfiler(__func__);
}

uint64_t MsprofGetHashId(const char* hashInfo, size_t length) {
  uint64_t hash = kHashStart;
  for (size_t i = 0; hashInfo != nullptr && i < length; ++i) {
    hash = (hash ^ static_cast<unsigned char>(hashInfo[i])) * kHashPrime;
  }
  return hash;
}

uint64_t MsprofSysCycleTime(void) {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // extern "C"
#pragma GCC visibility pop
