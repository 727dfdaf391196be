// SPDX-License-Identifier: Apache-2.0
// Both versions of the operator's C interface, as one: V1 is V2 without the extra tensors and
// experts.
#pragma once

#include "aclnn/acl_meta.h"
#include "op_plan/combine_plan.h"

namespace op_api {

struct CombineCall {
  const aclTensor* tensors[op_plan::kCombineTensors];  // in the order of op_plan::CombineTensor
  op_plan::CombineAttributes attributes;
  uint64_t* workspace_size;
  aclOpExecutor** executor;
};

// First phase.
aclnnStatus PrepareCombine(const char* op_name, const CombineCall& call);

}  // namespace op_api
