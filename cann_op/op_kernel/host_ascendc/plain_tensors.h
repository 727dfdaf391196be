// SPDX-License-Identifier: Apache-2.0
// The tensors of a launch as CANN hands them to a kernel: elements one after the other. What is
// strided, or shares memory with another tensor, is copied first.
#pragma once

#include <memory>
#include <vector>

#include "host_executor.h"
#include "launch.h"
#include "op_plan/combine_plan.h"

namespace host_ascendc_kernel {

class PlainTensors {
 public:
  explicit PlainTensors(const HostTensorView* tensors);

  // Null for one that is not there.
  uint8_t* address(uint32_t tensor) const { return addresses_[tensor]; }
  const std::vector<host_ascendc::GmRegion>& regions() const { return regions_; }

 private:
  void Add(uint32_t index, const HostTensorView& tensor);
  bool SharesMemory(const uint8_t* address, uint64_t bytes) const;

  uint8_t* addresses_[op_plan::kCombineTensors] = {};
  std::vector<host_ascendc::GmRegion> regions_;
  std::vector<std::unique_ptr<uint8_t[]>> copies_;
};

}  // namespace host_ascendc_kernel
