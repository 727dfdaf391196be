// SPDX-License-Identifier: Apache-2.0
// What the operator asks of the device below it. Each device answers in a folder of its own, and is
// asked only after every check that needs no device.
#pragma once

#include "acl/acl_rt.h"
#include "op_api/combine_call.h"

namespace op_api {

// First phase: what the device refuses, the workspace, and the executor. `specs` are of the call's
// tensors.
op_plan::Verdict PrepareOnDevice(const char* op_name, const CombineCall& call,
                                 const op_plan::TensorSpec* specs,
                                 const op_plan::CombinePlan& plan);
// Second phase.
aclnnStatus LaunchOnDevice(const char* op_name, void* workspace, uint64_t workspace_size,
                           aclOpExecutor* executor, aclrtStream stream);

}  // namespace op_api
