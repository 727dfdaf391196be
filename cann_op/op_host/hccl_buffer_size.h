// SPDX-License-Identifier: Apache-2.0
// The window of a communicator as tiling can know it. CANN has no public call for a communicator's
// buffer here, so it is what the process asked for, as for the operators that CANN brings.
#pragma once

#include <cstdint>

#include "op_plan/refusal.h"

namespace op_host {

// HCCL_BUFFSIZE in bytes; 561002 when it is no number of megabytes.
op_plan::Verdict ReadHcclBufferSize(uint64_t* bytes);

}  // namespace op_host
