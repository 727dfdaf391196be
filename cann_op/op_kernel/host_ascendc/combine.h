// SPDX-License-Identifier: Apache-2.0
// The Ascend C kernel as a kernel of the host device: the unchanged source of ascend910_93 on
// host_device/ascendc. Ranks meet before it runs, so that whatever is wrong with a rank's inputs is
// named on all of them, and nobody starts a kernel that cannot end.
#pragma once

#include "host_executor.h"
#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_plan/combine_tiling.h"

namespace host_ascendc_kernel {

struct Params {
  combine::Params combine;
  op_plan::CombineShapes shapes;
  uint32_t vector_cores;
  bool checked;
};

// The tiling lies there.
uint64_t WorkspaceBytes();

// A HostKernel on tensors in the order of op_plan::CombineTensor.
aclError Run(const HostLaunch* launch, HostFailure* failure);

}  // namespace host_ascendc_kernel
