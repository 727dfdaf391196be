// SPDX-License-Identifier: Apache-2.0
// ACLNN_MOE_HOST_KERNEL_TRACE: counters and timeline of a launch, as files.
#pragma once

#include "host_runtime.h"
#include "launch.h"
#include "trace.h"

namespace host_ascendc_kernel {

class LaunchRecord {
 public:
  // Lets `launch` be recorded when the variable is set.
  explicit LaunchRecord(host_ascendc::Launch* launch);

  // combine-<collective>-rank<rank>.counters.json and .trace.json. False: they cannot be written.
  bool Write(const host_ascendc::Report& report, uint32_t collective, HostFailure* failure) const;

 private:
  const host_ascendc::Launch& launch_;
  const char* const folder_;
  host_ascendc::Trace trace_;
};

}  // namespace host_ascendc_kernel
