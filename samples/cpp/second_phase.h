// SPDX-License-Identifier: Apache-2.0
// An aclnn operator is two functions: the first checks the call and makes an executor, the second
// queues the work on a stream.
#pragma once

#include <cstdint>

#include "acl/acl.h"
#include "acl_call.h"
#include "aclnn/acl_meta.h"
#include "device_tensor.h"

// What the first phase gives to the second.
struct Prepared {
  uint64_t workspace_bytes = 0;
  aclOpExecutor* executor = nullptr;
};

// Runs `second_phase`, which consumes the executor, and waits for it: the workspace and the tensors
// belong to the stream until then.
template <typename SecondPhase>
void RunAndWait(SecondPhase second_phase, const Prepared& prepared, aclrtStream stream) {
  const DeviceMemory workspace(prepared.workspace_bytes);
  ACL_CALL(second_phase(workspace.data(), workspace.bytes(), prepared.executor, stream));
  ACL_CALL(aclrtSynchronizeStream(stream));
}
