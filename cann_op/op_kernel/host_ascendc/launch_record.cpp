// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/launch_record.h"

#include <cstdio>
#include <fstream>

#include "op_kernel/host_ascendc/kernel_choice.h"

namespace host_ascendc_kernel {

LaunchRecord::LaunchRecord(host_ascendc::Launch* launch)
    : launch_(*launch), folder_(TraceFolder()) {
  if (folder_ == nullptr) return;
  launch->trace = &trace_;
  launch->counted = true;
}

bool LaunchRecord::Write(const host_ascendc::Report& report, uint32_t collective,
                         HostFailure* failure) const {
  if (folder_ == nullptr) return true;
  const std::string name = std::string(folder_) + "/combine-" + std::to_string(collective) +
                           "-rank" + std::to_string(launch_.rank);
  std::ofstream counters(name + ".counters.json");
  counters << report.Json(launch_.kernel, launch_.rank) << std::flush;
  std::string error;
  if (!counters) error = "cannot write " + name + ".counters.json";
  if (error.empty() && trace_.Write(name + ".trace.json", launch_.kernel, launch_.rank, &error)) {
    return true;
  }
  std::snprintf(failure->text, HostFailure::kTextBytes, "ACLNN_MOE_HOST_KERNEL_TRACE: %s",
                error.c_str());
  return false;
}

}  // namespace host_ascendc_kernel
