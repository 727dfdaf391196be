// SPDX-License-Identifier: Apache-2.0
// What an operator's first phase asks of the device below it, answered by the host device.
#pragma once

#include "host_executor.h"
#include "op_api/operator_call.h"
#include "op_plan/expert_parallel.h"
#include "op_plan/tensor_spec.h"

namespace op_api {

struct Group {
  uint32_t local_size;  // ranks that share this machine's cores
};

op_plan::Verdict ReadTensor(const aclTensor* tensor, const char* name, op_plan::TensorSpec* spec);
// group_ep of the calling thread's device, checked against the call: its ranks, this rank, its
// buffer.
op_plan::Verdict FindGroupOf(const op_plan::ExpertParallelAttributes& attributes,
                             const op_plan::ExpertParallel& ep, Group* group);
// group_tp, checked the same way.
op_plan::Verdict FindPairOf(const op_plan::ExpertParallelAttributes& attributes);
// Threads for one launch: the ranks of a group share this machine's cores.
uint32_t CoresPerRank(uint32_t local_ranks);
op_plan::Verdict MakeExecutor(const char* op_name, HostKernel kernel,
                              const aclTensor* const* tensors, uint32_t inputs, uint32_t outputs,
                              const void* params, size_t params_bytes, uint64_t workspace_bytes,
                              aclOpExecutor** executor);

}  // namespace op_api
