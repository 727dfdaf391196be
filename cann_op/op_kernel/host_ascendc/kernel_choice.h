// SPDX-License-Identifier: Apache-2.0
// Which kernel the host device runs, as the environment says.
#pragma once

#include <cstdint>

#include "op_plan/refusal.h"

namespace host_ascendc_kernel {

struct KernelChoice {
  bool ascend_c;   // ACLNN_MOE_HOST_KERNEL=ascend910_93, else host_cpu
  bool checked;    // ACLNN_MOE_HOST_KERNEL_CHECK=1
  uint32_t cores;  // ACLNN_MOE_HOST_KERNEL_CORES: vector cores of a rank
};

// 561002 for a value that is none of the known ones.
op_plan::Verdict ReadKernelChoice(KernelChoice* choice);

// ACLNN_MOE_HOST_KERNEL_TRACE: the folder of timelines; null without one.
const char* TraceFolder();

}  // namespace host_ascendc_kernel
