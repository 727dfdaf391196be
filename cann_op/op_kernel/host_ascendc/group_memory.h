// SPDX-License-Identifier: Apache-2.0
// A communicator of the host device as HCCL would describe it to a kernel, and the memory of its
// ranks that the kernel may touch.
#pragma once

#include <cstdint>
#include <vector>

#include "launch.h"
#include "op_api/host_cpu/collective_kernel.h"

namespace host_ascendc_kernel {

class GroupMemory {
 public:
  explicit GroupMemory(const op_api::CollectiveKernel& kernel);

  const void* context() const { return context_.data(); }
  // Of the ranks that take part.
  void AddRegions(const char* parameter, std::vector<host_ascendc::GmRegion>* regions) const;
  // What checks know of this rank's memory: the ranks have met since.
  void ForgetOwn() const;
  uint8_t* status() const { return HostCollectiveStatus(kernel_.collective, kernel_.comm.rank); }

 private:
  const op_api::CollectiveKernel& kernel_;
  std::vector<uint64_t> context_;  // HCCL's structure and what it points to
};

}  // namespace host_ascendc_kernel
