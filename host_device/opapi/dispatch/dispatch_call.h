// SPDX-License-Identifier: Apache-2.0
// All versions of dispatch's C interface, as one: V3, of which V1 and V2 lack the extra parts, and
// V1 gives the other layout of expand_idx.
#pragma once

#include "aclnn/acl_meta.h"
#include "op_plan/dispatch_plan.h"

namespace dispatch {

struct Call {
  const aclTensor* tensors[op_plan::kDispatchTensors];  // in the order of op_plan::DispatchTensor
  op_plan::DispatchAttributes attributes;
  uint64_t* workspace_size;
  aclOpExecutor** executor;
};

// First phase.
aclnnStatus Prepare(const char* op_name, const Call& call);

}  // namespace dispatch
