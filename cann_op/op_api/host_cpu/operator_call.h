// SPDX-License-Identifier: Apache-2.0
// What an operator's first phase asks of the device below it, answered by the host device. Texts
// and statuses leave through Report alone.
#pragma once

#include <exception>

#include "host_executor.h"
#include "op_plan/expert_parallel.h"
#include "op_plan/tensor_spec.h"

namespace op_api {

struct Group {
  uint32_t local_size;  // ranks that share this machine's cores
};

op_plan::Verdict CheckOutPointers(const uint64_t* workspace_size, aclOpExecutor** executor);
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

// The status of a refusal, or 0; its text goes to aclGetRecentErrMsg.
aclnnStatus Finish(const char* op_name, const op_plan::Verdict& verdict);
aclnnStatus FinishException(const char* op_name, const char* what);

// Runs a first phase. No exception crosses the C interface.
template <typename Prepare>
aclnnStatus Report(const char* op_name, Prepare prepare) {
  try {
    return Finish(op_name, prepare());
  } catch (const std::exception& exception) {
    return FinishException(op_name, exception.what());
  }
}

}  // namespace op_api
